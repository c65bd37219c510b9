//! What the helper and whoever starts it say to each other.

use crate::codec::{read_spec, write_spec};
use crate::layer::{Layer, LayerState, Report};
use crate::spec::JailSpec;
use crate::wire::{Malformed, Reader, Writer};

/// What is said to the helper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Start this program. Its descriptor and that of its standard input come along.
    Start(Box<JailSpec>),
    /// Kill the tree.
    Kill,
}

/// What the helper says, in this order: layers, started, ended; or a refusal instead of what is left of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// What became of the layers. Nothing is executed yet.
    Layers(Report),
    /// The program is executed.
    Started,
    /// The program was not executed, and will not be.
    Refused(Refusal),
    /// The whole tree is dead.
    Ended(Ending),
    /// Between init and helper: the listener of the filter has this number in init.
    Listener(u32),
}

/// Why a program was not executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The specification contradicts itself.
    Invalid(String),
    /// A tree cannot be granted: the tree, and why.
    Tree(Vec<u8>, String),
    /// A required layer is not enforced: the layer, and why.
    LayerMissing(Layer, String),
    /// The program changed since it was examined.
    Changed,
    /// The kernel did not execute it.
    Execute(String),
    /// The deadline came first.
    TimedOut,
    /// The machine failed.
    Machine(String),
}

/// How a tree ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Why.
    pub cause: Cause,
    /// Processor time of the tree in microseconds.
    pub cpu_us: u64,
    /// Largest resident size of one process, in bytes.
    pub memory_bytes: u64,
    /// Connections and datagrams that the broker let through.
    pub network_granted: u64,
    /// Connections and datagrams that the broker refused.
    pub network_refused: u64,
}

/// Why a tree ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The program ended with this code.
    Code(u8),
    /// The program was ended by this signal.
    Signal(u8),
    /// The deadline came.
    TimedOut,
    /// It was ordered.
    Killed,
}

const START: u8 = 1;
const KILL: u8 = 2;
const LAYERS: u8 = 16;
const STARTED: u8 = 17;
const REFUSED: u8 = 18;
const ENDED: u8 = 19;
const LISTENER: u8 = 20;

impl Order {
    /// The frame, or `None` if it is too long.
    pub(crate) fn frame(&self) -> Option<Vec<u8>> {
        match self {
            Order::Start(spec) => {
                let mut writer = Writer::new(START);
                write_spec(&mut writer, spec);
                writer.frame()
            }
            Order::Kill => Writer::new(KILL).frame(),
        }
    }

    pub(crate) fn read(kind: u8, payload: &[u8]) -> Result<Order, Malformed> {
        match kind {
            START => Ok(Order::Start(Box::new(read_spec(payload)?))),
            KILL => Reader::new(payload).end().map(|()| Order::Kill),
            _ => Err(Malformed),
        }
    }
}

impl Message {
    /// The frame, or `None` if it is too long.
    pub(crate) fn frame(&self) -> Option<Vec<u8>> {
        let writer = match self {
            Message::Layers(report) => {
                let mut writer = Writer::new(LAYERS);
                for (_, state) in report.layers() {
                    writer.u8(match state {
                        LayerState::Enforced(_) => 0,
                        LayerState::Unavailable(_) => 1,
                        LayerState::Unused(_) => 2,
                    });
                    writer.bytes(state.detail().as_bytes());
                }
                writer
            }
            Message::Started => Writer::new(STARTED),
            Message::Refused(refusal) => write_refusal(refusal),
            Message::Ended(ending) => write_ending(ending),
            Message::Listener(number) => {
                let mut writer = Writer::new(LISTENER);
                writer.u32(*number);
                writer
            }
        };
        writer.frame()
    }

    pub(crate) fn read(kind: u8, payload: &[u8]) -> Result<Message, Malformed> {
        let mut reader = Reader::new(payload);
        let message = match kind {
            LAYERS => Message::Layers(read_report(&mut reader)?),
            STARTED => Message::Started,
            REFUSED => Message::Refused(read_refusal(&mut reader)?),
            ENDED => Message::Ended(read_ending(&mut reader)?),
            LISTENER => Message::Listener(reader.u32()?),
            _ => return Err(Malformed),
        };
        reader.end()?;
        Ok(message)
    }
}

fn read_report(reader: &mut Reader<'_>) -> Result<Report, Malformed> {
    let mut report = Report::new();
    for &layer in Layer::ALL {
        let kind = reader.u8()?;
        let detail = reader.text()?;
        let state = match kind {
            0 => LayerState::Enforced(detail),
            1 => LayerState::Unavailable(detail),
            2 => LayerState::Unused(detail),
            _ => return Err(Malformed),
        };
        report.set(layer, state);
    }
    Ok(report)
}

fn write_refusal(refusal: &Refusal) -> Writer {
    let mut writer = Writer::new(REFUSED);
    match refusal {
        Refusal::Invalid(text) => {
            writer.u8(0);
            writer.bytes(text.as_bytes());
        }
        Refusal::Tree(path, reason) => {
            writer.u8(1);
            writer.bytes(path);
            writer.bytes(reason.as_bytes());
        }
        Refusal::LayerMissing(layer, reason) => {
            writer.u8(2);
            writer.u8(*layer as u8);
            writer.bytes(reason.as_bytes());
        }
        Refusal::Changed => writer.u8(3),
        Refusal::Execute(text) => {
            writer.u8(4);
            writer.bytes(text.as_bytes());
        }
        Refusal::Machine(text) => {
            writer.u8(5);
            writer.bytes(text.as_bytes());
        }
        Refusal::TimedOut => writer.u8(6),
    }
    writer
}

fn read_refusal(reader: &mut Reader<'_>) -> Result<Refusal, Malformed> {
    Ok(match reader.u8()? {
        0 => Refusal::Invalid(reader.text()?),
        1 => Refusal::Tree(reader.bytes()?, reader.text()?),
        2 => {
            let layer = *Layer::ALL.get(usize::from(reader.u8()?)).ok_or(Malformed)?;
            Refusal::LayerMissing(layer, reader.text()?)
        }
        3 => Refusal::Changed,
        4 => Refusal::Execute(reader.text()?),
        5 => Refusal::Machine(reader.text()?),
        6 => Refusal::TimedOut,
        _ => return Err(Malformed),
    })
}

fn write_ending(ending: &Ending) -> Writer {
    let mut writer = Writer::new(ENDED);
    let (kind, number) = match ending.cause {
        Cause::Code(code) => (0, code),
        Cause::Signal(signal) => (1, signal),
        Cause::TimedOut => (2, 0),
        Cause::Killed => (3, 0),
    };
    writer.u8(kind);
    writer.u8(number);
    for value in [
        ending.cpu_us,
        ending.memory_bytes,
        ending.network_granted,
        ending.network_refused,
    ] {
        writer.u64(value);
    }
    writer
}

fn read_ending(reader: &mut Reader<'_>) -> Result<Ending, Malformed> {
    let (kind, number) = (reader.u8()?, reader.u8()?);
    let cause = match kind {
        0 => Cause::Code(number),
        1 => Cause::Signal(number),
        2 => Cause::TimedOut,
        3 => Cause::Killed,
        _ => return Err(Malformed),
    };
    let [cpu_us, memory_bytes, network_granted, network_refused] =
        [reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?];
    Ok(Ending {
        cause,
        cpu_us,
        memory_bytes,
        network_granted,
        network_refused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_way_and_cut_ones_are_malformed() {
        let mut report = Report::new();
        report.enforced(Layer::Pidns);
        report.unused(Layer::Netns, "host's network");
        let ending = Ending {
            cause: Cause::Signal(9),
            cpu_us: 1,
            memory_bytes: 2,
            network_granted: 3,
            network_refused: 4,
        };
        let messages = [
            Message::Layers(report),
            Message::Started,
            Message::Ended(ending),
            Message::Listener(7),
            Message::Refused(Refusal::Invalid("a".to_owned())),
            Message::Refused(Refusal::Tree(vec![0xff], "b".to_owned())),
            Message::Refused(Refusal::LayerMissing(Layer::Utsns, "c".to_owned())),
            Message::Refused(Refusal::Changed),
            Message::Refused(Refusal::TimedOut),
            Message::Refused(Refusal::Execute("d".to_owned())),
            Message::Refused(Refusal::Machine("e".to_owned())),
        ];
        for message in messages {
            let frame = message.frame().unwrap();
            assert_eq!(Message::read(frame[4], &frame[5..]), Ok(message));
            for length in 5..frame.len() {
                assert_eq!(Message::read(frame[4], &frame[5..length]), Err(Malformed));
            }
        }
    }
}
