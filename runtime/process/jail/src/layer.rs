//! Layers of isolation, sets of them, and what became of each.

use std::fmt;

macro_rules! layers {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)*) => {
        /// A layer of isolation around a process.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Layer {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl Layer {
            /// Every layer, in the order of reports.
            pub const ALL: &[Layer] = &[$(Layer::$variant),*];

            /// Its name in policies, usage and receipts.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Layer::$variant => $name,)*
                }
            }
        }
    };
}

layers! {
    /// The tree reaches granted targets only, through a broker.
    Broker = "broker",
    /// A control group bounds memory and processes of the whole tree.
    Cgroup = "cgroup",
    /// No descriptor but the standard ones is inherited.
    CloseFds = "close_fds",
    /// Own System V and POSIX message queues and shared memory.
    Ipcns = "ipcns",
    /// Landlock bounds paths, ports, abstract sockets and signals.
    Landlock = "landlock",
    /// A fresh root with the granted trees only.
    Mountns = "mountns",
    /// No network, not even loopback.
    Netns = "netns",
    /// No execution gains privileges.
    NoNewPrivs = "no_new_privs",
    /// The tree has an init of its own and dies with it.
    Pidns = "pidns",
    /// Resource limits of each process.
    Rlimits = "rlimits",
    /// A filter of system calls.
    Seccomp = "seccomp",
    /// It does not run as root.
    User = "user",
    /// Own user identifiers without rights outside.
    Userns = "userns",
    /// Own host name.
    Utsns = "utsns",
}

impl Layer {
    /// The layer with this name.
    pub fn from_name(name: &str) -> Option<Layer> {
        Layer::ALL
            .iter()
            .copied()
            .find(|layer| layer.name() == name)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerSet(u32);

impl LayerSet {
    /// No layer.
    pub const EMPTY: LayerSet = LayerSet(0);

    /// The set together with `layer`.
    #[must_use]
    pub const fn with(self, layer: Layer) -> LayerSet {
        LayerSet(self.0 | layer.bit())
    }

    /// Whether `layer` is in it.
    pub const fn holds(self, layer: Layer) -> bool {
        self.0 & layer.bit() != 0
    }

    /// Its layers, in the order of reports.
    pub fn iter(self) -> impl Iterator<Item = Layer> {
        Layer::ALL
            .iter()
            .copied()
            .filter(move |&layer| self.holds(layer))
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// The set with these bits, unless one of them is no layer.
    pub(crate) fn from_bits(bits: u32) -> Option<LayerSet> {
        (bits >> Layer::ALL.len() == 0).then_some(LayerSet(bits))
    }
}

impl FromIterator<Layer> for LayerSet {
    fn from_iter<T: IntoIterator<Item = Layer>>(layers: T) -> LayerSet {
        layers.into_iter().fold(LayerSet::EMPTY, LayerSet::with)
    }
}

/// What became of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerState {
    /// The kernel enforces it. The text says how far, where that differs between machines; often it is empty.
    Enforced(String),
    /// This machine does not provide it; the text says why.
    Unavailable(String),
    /// The scope that was asked for has no use for it, such as `netns` of a process in the host's network.
    Unused(String),
}

impl LayerState {
    /// Whether it is enforced.
    pub const fn is_enforced(&self) -> bool {
        matches!(self, LayerState::Enforced(_))
    }

    /// `enforced`, `unavailable` or `unused`.
    pub const fn name(&self) -> &'static str {
        match self {
            LayerState::Enforced(_) => "enforced",
            LayerState::Unavailable(_) => "unavailable",
            LayerState::Unused(_) => "unused",
        }
    }

    /// How far, or why not; may be empty.
    pub fn detail(&self) -> &str {
        match self {
            LayerState::Enforced(text)
            | LayerState::Unavailable(text)
            | LayerState::Unused(text) => text,
        }
    }
}

/// What became of every layer, in the order of [`Layer::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report(Vec<(Layer, LayerState)>);

impl Default for Report {
    fn default() -> Report {
        Report::new()
    }
}

impl Report {
    /// A report in which nothing is enforced yet.
    pub fn new() -> Report {
        let unknown = |&layer| (layer, LayerState::Unavailable("was not set up".to_owned()));
        Report(Layer::ALL.iter().map(unknown).collect())
    }

    /// Every layer with its state.
    pub fn layers(&self) -> &[(Layer, LayerState)] {
        &self.0
    }

    /// The state of `layer`.
    pub fn state(&self, layer: Layer) -> &LayerState {
        &self.0[layer as usize].1
    }

    /// Whether `layer` is enforced.
    pub fn enforces(&self, layer: Layer) -> bool {
        self.state(layer).is_enforced()
    }

    pub(crate) fn set(&mut self, layer: Layer, state: LayerState) {
        self.0[layer as usize].1 = state;
    }

    pub(crate) fn enforced(&mut self, layer: Layer) {
        self.set(layer, LayerState::Enforced(String::new()));
    }

    pub(crate) fn unavailable(&mut self, layer: Layer, why: impl Into<String>) {
        self.set(layer, LayerState::Unavailable(why.into()));
    }

    pub(crate) fn unused(&mut self, layer: Layer, why: impl Into<String>) {
        self.set(layer, LayerState::Unused(why.into()));
    }

    /// Notes how setting up `layer` ended: how far it is enforced, or why not.
    pub(crate) fn settle(&mut self, layer: Layer, outcome: Result<String, String>) {
        self.set(
            layer,
            outcome.map_or_else(LayerState::Unavailable, LayerState::Enforced),
        );
    }

    /// The first required layer that is not enforced.
    pub(crate) fn first_missing(&self, required: LayerSet) -> Option<(Layer, &LayerState)> {
        required
            .iter()
            .map(|layer| (layer, self.state(layer)))
            .find(|(_, state)| !state.is_enforced())
    }
}
