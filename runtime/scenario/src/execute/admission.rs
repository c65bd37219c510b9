//! Admission: the seam to the guard of the machine.

/// Decides whether a job may begin now. Asked again for jobs that wait, until their time is over.
pub trait Admission {
    /// Decides for one job, pure or not, while `running` jobs of this run run that are not pure.
    fn admit(&mut self, running: usize, is_pure: bool) -> Admit;
}

/// What happens to a job that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admit {
    /// It begins.
    Now {
        /// The id of the sample of the machine, in the journal.
        sample: Option<i64>,
    },
    /// It waits.
    Queue {
        /// Value, limit and window.
        reason: String,
    },
    /// It does not begin: it failed.
    Refuse {
        /// Stable code.
        code: String,
        /// Value, limit and window.
        message: String,
        /// What to do.
        remedy: String,
        /// The id of the sample of the machine, in the journal.
        sample: Option<i64>,
    },
}

/// Admits everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct AdmitAll;

impl Admission for AdmitAll {
    fn admit(&mut self, _running: usize, _is_pure: bool) -> Admit {
        Admit::Now { sample: None }
    }
}
