//! From what was asked for to a program that runs: the way of the tools, with the reasons for a failure.

use std::ffi::{CStr, CString};

use super::Command;
use crate::cli::nsenter::NsenterArgs;
use crate::cli::unshare::UnshareArgs;
use crate::cli::{nsenter, unshare};
use crate::enter::environment::Environment;
use crate::enter::handles::Handles;
use crate::enter::step::{PlainStep, Plan, Step};
use crate::enter::{self, RunFailure};
use crate::error::{Failure, RequestError};
use crate::face::child::Child;
use crate::face::error::{Error, Result};
use crate::face::stdio::Stdio;
use crate::face::words::Speaker;
use crate::hint;
use crate::hint::SystemView;
use crate::hint::nsenter::NsenterContext;
use crate::hint::unshare::UnshareContext;
use crate::namespace::Kind;
use crate::sys::signal::SignalNumber;

/// A plan, the files that it uses, and what its failures are explained by.
pub struct Ready {
    pub plan: Plan,
    handles: Handles,
    reasons: Reasons,
}

enum Reasons {
    New(Box<UnshareContext>, SystemView),
    Join(Box<NsenterContext>, SystemView),
}

impl Reasons {
    fn explain(&self, failure: &RunFailure) -> Error {
        match self {
            Reasons::New(context, view) => {
                Error::new(failure, hint::unshare::hint(failure, context, view), Speaker::New)
            }
            Reasons::Join(context, view) => {
                Error::new(failure, hint::nsenter::hint(failure, context, view), Speaker::Join)
            }
        }
    }
}

impl Command {
    pub(super) fn start(&self, otherwise: [Stdio; 3]) -> Result<Child> {
        let environment = self.environment.of_ours().map_err(of_request)?;
        let Ready { plan, mut handles, reasons } = self.ready(&environment)?;
        let mut ours = [None, None, None];
        let mut words = Vec::new();
        for (number, (asked, otherwise)) in (0..).zip(self.stdio.iter().zip(&otherwise)) {
            if let Some((what, theirs, kept)) = asked.as_ref().unwrap_or(otherwise).open(number)? {
                handles.standard[usize::from(number)] = Some(theirs);
                ours[usize::from(number)] = kept;
                words.push((number, what));
            }
        }
        let plan = with_standard(plan, words.into_iter());
        let environment: Vec<&CStr> = environment.iter().map(CString::as_c_str).collect();
        let child = enter::spawn(&plan, handles, &environment).map_err(|failure| reasons.explain(&failure))?;
        Ok(Child::new(child.pid(), ours))
    }

    /// Looks up and opens all that is asked for.
    pub(super) fn ready(&self, environment: &[CString]) -> Result<Ready> {
        if let Some(error) = &self.wrong {
            return Err(error.clone());
        }
        let environment: Vec<&CStr> = environment.iter().map(CString::as_c_str).collect();
        match (self.made_by, self.joined_by) {
            (Some(made), Some(joined)) => Err(Error::invalid(format!(
                "{made} makes new namespaces and {joined} is about those of others: a program has one or the other"
            ))),
            (_, None) => self.made(&environment),
            (None, Some(_)) => self.joined(&environment),
        }
    }

    fn made(&self, environment: &[&CStr]) -> Result<Ready> {
        let kinds = self.new.request.kinds;
        let has_child = kinds.contains(Kind::Pid)
            || kinds.contains(Kind::Time)
            || self.new.kill_child.is_some()
            || self.new.forward_signals.is_some();
        let mut args = UnshareArgs { fork: has_child, program: self.words(), ..self.new.clone() };
        args.request.working_directory = self.directory.clone();
        if has_child {
            args.kill_child.get_or_insert(SignalNumber::KILL);
        }
        let context = UnshareContext::typed(&args);
        let request = unshare::resolve(args).map_err(|error| {
            let hint = hint::unshare::before(&error);
            Error::new(&error.into(), hint, Speaker::New)
        })?;
        let mut context = context.resolved(&request, environment);
        // Nobody has typed anything.
        context.without_argument = Default::default();
        let context = Box::new(context);
        let reasons = Reasons::New(context, hint::unshare::view_for(&request));
        Ok(Ready { plan: enter::unshare::plan(request), handles: Handles::default(), reasons })
    }

    fn joined(&self, environment: &[&CStr]) -> Result<Ready> {
        let view = SystemView::of_system();
        let args = NsenterArgs {
            working_directory_inside: self.directory.clone(),
            program: self.words(),
            ..self.join.clone()
        };
        let mut context = NsenterContext::typed(&args);
        // Nobody has typed it, so that it was meant for nothing else.
        context.typed.program = None;
        let explain = |failure: Failure| {
            let failure = failure.into();
            let hint = hint::nsenter::hint(&failure, &context, &view);
            Error::new(&failure, hint, Speaker::Join)
        };
        args.check().map_err(|error| explain(error.into()))?;
        let (mut request, handles, _) = nsenter::resolve(args).map_err(explain)?;
        if request.fork {
            request.kill_child.get_or_insert(SignalNumber::KILL);
        }
        let target = handles.target.as_ref().map(|target| target.pid());
        let context = Box::new(context.resolved(&request, target, environment));
        let view = view.holding_namespaces(context.to_be_held());
        let mut plan = enter::nsenter::plan(request);
        if let Environment::Given(entries) | Environment::GivenWithTerm(entries) = &mut plan.environment {
            *entries = self.environment.of(std::mem::take(entries)).map_err(of_request)?;
        }
        Ok(Ready { plan, handles, reasons: Reasons::Join(context, view) })
    }

    fn words(&self) -> Vec<std::ffi::OsString> {
        [&self.program].into_iter().chain(&self.arguments).cloned().collect()
    }
}

/// The plan after what every program gets that a process with a runtime starts: its signals and its standard files.
pub fn with_standard<'w>(mut plan: Plan, files: impl Iterator<Item = (u8, &'w str)>) -> Plan {
    let files = files.map(|(number, what)| Step::SetStandard(number, what.to_string()));
    let first: Vec<Step> = [Step::Plain(PlainStep::ResetSignals)].into_iter().chain(files).collect();
    plan.steps.splice(0..0, first);
    plan
}

pub fn of_request(error: RequestError) -> Error {
    Error::new(&error.into(), None, Speaker::New)
}
