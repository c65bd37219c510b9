//! Specifications as bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::layer::LayerSet;
use crate::spec::{Bounds, FileStamp, JailSpec, Network, Protocol, Target};
use crate::wire::{Malformed, Reader, Writer};

/// Version of the format. Both ends have to agree.
const VERSION: u8 = 1;

pub(crate) fn write_spec(writer: &mut Writer, spec: &JailSpec) {
    writer.u8(VERSION);
    writer.bytes(&spec.program);
    let stamp = &spec.stamp;
    for number in [stamp.device, stamp.inode, stamp.bytes] {
        writer.u64(number);
    }
    for number in [
        stamp.modified.0,
        stamp.modified.1,
        stamp.changed.0,
        stamp.changed.1,
    ] {
        writer.i64(number);
    }
    for list in [&spec.arguments, &spec.environment, &spec.read, &spec.write] {
        writer.list(list, |writer, item| writer.bytes(item));
    }
    writer.bytes(&spec.cwd);
    write_network(writer, &spec.network);
    let bounds = &spec.bounds;
    for number in [
        bounds.deadline_ms,
        bounds.memory_bytes_max,
        bounds.file_bytes_max,
        bounds.tmp_bytes_max,
    ] {
        writer.u64(number);
    }
    for number in [
        bounds.processes_max,
        bounds.descriptors_max,
        spec.require.bits(),
        spec.without.bits(),
        spec.user,
    ] {
        writer.u32(number);
    }
}

pub(crate) fn read_spec(payload: &[u8]) -> Result<JailSpec, Malformed> {
    let reader = &mut Reader::new(payload);
    if reader.u8()? != VERSION {
        return Err(Malformed);
    }
    let spec = JailSpec {
        program: reader.bytes()?,
        stamp: FileStamp {
            device: reader.u64()?,
            inode: reader.u64()?,
            bytes: reader.u64()?,
            modified: (reader.i64()?, reader.i64()?),
            changed: (reader.i64()?, reader.i64()?),
        },
        arguments: reader.list(Reader::bytes)?,
        environment: reader.list(Reader::bytes)?,
        read: reader.list(Reader::bytes)?,
        write: reader.list(Reader::bytes)?,
        cwd: reader.bytes()?,
        network: read_network(reader)?,
        bounds: read_bounds(reader)?,
        require: read_layers(reader)?,
        without: read_layers(reader)?,
        user: reader.u32()?,
    };
    std::mem::replace(reader, Reader::new(&[])).end()?;
    Ok(spec)
}

fn read_bounds(reader: &mut Reader<'_>) -> Result<Bounds, Malformed> {
    let [deadline_ms, memory_bytes_max, file_bytes_max, tmp_bytes_max] =
        [reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?];
    let [processes_max, descriptors_max] = [reader.u32()?, reader.u32()?];
    Ok(Bounds {
        deadline_ms,
        memory_bytes_max,
        processes_max,
        file_bytes_max,
        descriptors_max,
        tmp_bytes_max,
    })
}

fn read_layers(reader: &mut Reader<'_>) -> Result<LayerSet, Malformed> {
    LayerSet::from_bits(reader.u32()?).ok_or(Malformed)
}

fn write_network(writer: &mut Writer, network: &Network) {
    match network {
        Network::None => writer.u8(0),
        Network::Targets(targets) => {
            writer.u8(1);
            writer.list(targets, write_target);
        }
        Network::Host => writer.u8(2),
    }
}

fn read_network(reader: &mut Reader<'_>) -> Result<Network, Malformed> {
    match reader.u8()? {
        0 => Ok(Network::None),
        1 => Ok(Network::Targets(reader.list(read_target)?)),
        2 => Ok(Network::Host),
        _ => Err(Malformed),
    }
}

fn write_target(writer: &mut Writer, target: &Target) {
    writer.u8(match target.protocol {
        None => 0,
        Some(Protocol::Tcp) => 1,
        Some(Protocol::Udp) => 2,
    });
    match target.address {
        IpAddr::V4(address) => writer.bytes(&address.octets()),
        IpAddr::V6(address) => writer.bytes(&address.octets()),
    }
    writer.u8(target.prefix);
    writer.u16(target.ports.0);
    writer.u16(target.ports.1);
}

fn read_target(reader: &mut Reader<'_>) -> Result<Target, Malformed> {
    let protocol = match reader.u8()? {
        0 => None,
        1 => Some(Protocol::Tcp),
        2 => Some(Protocol::Udp),
        _ => return Err(Malformed),
    };
    let octets = reader.bytes()?;
    let address = if let Ok(four) = <[u8; 4]>::try_from(octets.as_slice()) {
        IpAddr::V4(Ipv4Addr::from(four))
    } else {
        IpAddr::V6(Ipv6Addr::from(
            <[u8; 16]>::try_from(octets.as_slice()).map_err(|_| Malformed)?,
        ))
    };
    let prefix = reader.u8()?;
    if prefix > if address.is_ipv4() { 32 } else { 128 } {
        return Err(Malformed);
    }
    Ok(Target {
        protocol,
        address,
        prefix,
        ports: (reader.u16()?, reader.u16()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Layer;

    fn spec() -> JailSpec {
        JailSpec {
            program: b"/usr/bin/x".to_vec(),
            stamp: FileStamp {
                device: 1,
                inode: 2,
                bytes: 3,
                modified: (4, 5),
                changed: (-6, 7),
            },
            arguments: vec![b"x".to_vec(), Vec::new(), vec![0xff; 300]],
            environment: vec![b"A=b".to_vec()],
            cwd: b"/".to_vec(),
            read: vec![b"/usr".to_vec()],
            write: vec![],
            network: Network::Targets(vec![
                Target {
                    protocol: Some(Protocol::Tcp),
                    address: "10.0.0.0".parse().unwrap(),
                    prefix: 8,
                    ports: (1, 1024),
                },
                Target {
                    protocol: None,
                    address: "::1".parse().unwrap(),
                    prefix: 128,
                    ports: (0, 65535),
                },
            ]),
            bounds: Bounds::default(),
            require: LayerSet::EMPTY.with(Layer::Pidns),
            without: LayerSet::EMPTY.with(Layer::Cgroup),
            user: 65534,
        }
    }

    fn payload() -> Vec<u8> {
        let mut writer = Writer::new(0);
        write_spec(&mut writer, &spec());
        writer.frame().unwrap()[5..].to_vec()
    }

    #[test]
    fn a_specification_survives_the_way() {
        assert_eq!(read_spec(&payload()), Ok(spec()));
    }

    #[test]
    fn what_is_cut_or_longer_is_malformed() {
        let whole = payload();
        for length in 0..whole.len() {
            assert_eq!(read_spec(&whole[..length]), Err(Malformed), "{length}");
        }
        let mut longer = whole;
        longer.push(0);
        assert_eq!(read_spec(&longer), Err(Malformed));
    }

    #[test]
    fn no_byte_changed_panics() {
        let whole = payload();
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                let _ = read_spec(&changed);
            }
        }
    }
}
