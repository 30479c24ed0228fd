use strowger::prelude::*;

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Bell {}

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
impl Bell {
    #[on]
    fn ring(&mut self, cx: &mut Cx, ev: &Ring) {
        let activity = cx.activity();
        std::thread::spawn(move || {
            if let Some(activity) = activity {
                let _ = cx.fire(activity, ev.clone());
            }
        });
    }
}

fn main() {}
