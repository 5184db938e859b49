//! Random actions for the model, generated and shrunk by proptest.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use super::action::{Action, Code};
use super::model::{Model, Terms};

/// The state machine of one system.
pub trait Machine: 'static {
    const TERMS: Terms;
}

pub struct Reference<M>(std::marker::PhantomData<M>);

impl<M: Machine> ReferenceStateMachine for Reference<M> {
    type State = Model;
    type Transition = Action;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::new(M::TERMS)).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Action> {
        let device = 0..2usize;
        let fails = || prop::bool::weighted(0.1);
        let send =
            (device.clone(), fails()).prop_map(|(device, fails)| Action::Send { device, fails });
        let wait = prop::sample::select(vec![10, 20, 30, 60, 300, 1_000]);
        let wait = wait.prop_map(|seconds| Action::Wait { seconds });
        let holders: Vec<_> = (0..2).filter(|at| model.holds(*at)).collect();
        if holders.is_empty() {
            return prop_oneof![3 => send, 1 => wait].boxed();
        }
        let holder = || prop::sample::select(holders.clone());
        let code = prop_oneof![
            3 => Just(Code::Newest),
            2 => (1..4usize).prop_map(Code::Older),
            5 => Just(Code::Wrong),
        ];
        let confirm = (holder(), code, fails()).prop_map(|(device, code, fails)| Action::Confirm {
            device,
            code,
            fails,
        });
        let resend =
            (holder(), fails()).prop_map(|(device, fails)| Action::Resend { device, fails });
        let restart = holder().prop_map(|device| Action::Restart { device });
        let over = holder().prop_map(|device| Action::TakeOver { device: 1 - device });
        let resends = if model.terms.has_resend { 4 } else { 0 };
        prop_oneof![
            8 => confirm,
            resends => resend,
            5 => wait,
            3 => over,
            2 => send,
            2 => restart,
        ]
        .boxed()
    }

    fn preconditions(model: &Model, action: &Action) -> bool {
        model.allows(action)
    }

    fn apply(model: Model, action: &Action) -> Model {
        model.after(action)
    }
}
