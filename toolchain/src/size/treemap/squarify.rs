//! Squarified treemaps (Bruls, Huizing, van Wijk, 2000): rectangles of given areas that fill a
//! rectangle and are as close to squares as a greedy choice makes them.

/// A rectangle; x to the right, y down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    /// The area without a margin on each side and `top` more at the top.
    pub(super) fn inside(self, margin: f64, top: f64) -> Area {
        Area {
            x: self.x + margin,
            y: self.y + margin + top,
            width: (self.width - 2.0 * margin).max(0.0),
            height: (self.height - 2.0 * margin - top).max(0.0),
        }
    }
}

/// One rectangle for each size, in order. `sizes` fall; each gets its part of `area`.
pub(super) fn squarify(sizes: &[u64], area: Area) -> Vec<Area> {
    let total: u64 = sizes.iter().sum();
    let scale = area.width * area.height / (total.max(1)) as f64;
    let mut placed = Vec::with_capacity(sizes.len());
    let (mut rest, mut free) = (sizes, area);
    while !rest.is_empty() {
        let count = row(rest, scale, free.width.min(free.height));
        let (now, later) = rest.split_at(count);
        free = place(now, scale, free, &mut placed);
        rest = later;
    }
    placed
}

/// How many sizes the next row takes: as many as make its worst rectangle better.
fn row(sizes: &[u64], scale: f64, side: f64) -> usize {
    let largest = sizes.first().copied().unwrap_or(0) as f64 * scale;
    let (mut sum, mut best) = (0.0, f64::INFINITY);
    for (index, size) in sizes.iter().enumerate() {
        let size = *size as f64 * scale;
        sum += size;
        let worst = f64::max(
            side * side * largest / (sum * sum),
            sum * sum / (side * side * size),
        );
        if worst > best {
            return index.max(1);
        }
        best = worst;
    }
    sizes.len()
}

/// Lays a row along the shorter side and returns what is left.
fn place(sizes: &[u64], scale: f64, free: Area, placed: &mut Vec<Area>) -> Area {
    let sum: f64 = sizes.iter().map(|size| *size as f64 * scale).sum();
    let upright = free.width >= free.height;
    let side = if upright { free.height } else { free.width };
    let depth = if side > 0.0 { sum / side } else { 0.0 };
    let mut at = 0.0;
    for size in sizes {
        let length = if depth > 0.0 {
            *size as f64 * scale / depth
        } else {
            0.0
        };
        placed.push(if upright {
            Area {
                x: free.x,
                y: free.y + at,
                width: depth,
                height: length,
            }
        } else {
            Area {
                x: free.x + at,
                y: free.y,
                width: length,
                height: depth,
            }
        });
        at += length;
    }
    if upright {
        Area {
            x: free.x + depth,
            width: (free.width - depth).max(0.0),
            ..free
        }
    } else {
        Area {
            y: free.y + depth,
            height: (free.height - depth).max(0.0),
            ..free
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Area, squarify};

    #[test]
    fn areas_are_proportional_and_inside() {
        let area = Area {
            x: 10.0,
            y: 20.0,
            width: 600.0,
            height: 400.0,
        };
        let sizes = [6, 6, 4, 3, 2, 2, 1];
        let placed = squarify(&sizes, area);
        assert_eq!(placed.len(), sizes.len());
        for (size, place) in sizes.iter().zip(&placed) {
            let part = place.width * place.height / (600.0 * 400.0);
            assert!((part - *size as f64 / 24.0).abs() < 1e-9, "{place:?}");
            assert!(place.x >= 10.0 && place.x + place.width <= 610.0 + 1e-6);
            assert!(place.y >= 20.0 && place.y + place.height <= 420.0 + 1e-6);
            assert!(place.width / place.height < 4.0 && place.height / place.width < 4.0);
        }
    }

    #[test]
    fn nothing_and_no_room_are_no_trouble() {
        let area = Area {
            x: 0.0,
            y: 0.0,
            width: 0.0,
            height: 0.0,
        };
        assert!(squarify(&[], area).is_empty());
        assert_eq!(squarify(&[3, 2, 1], area).len(), 3);
    }
}
