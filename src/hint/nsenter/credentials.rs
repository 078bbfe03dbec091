//! The kernel refused a user, group or groups. If nobody gave them, they are root's, and --preserve-credentials leaves
//! them out. If they were given, only leaving out that option helps.

use super::super::SystemView;
use super::NsenterContext;
use crate::namespace::Kind;

/// setgroups(2): EPERM.
pub fn groups_refused(context: &NsenterContext, view: &SystemView) -> Option<String> {
    let denied = match context.kinds.contains(Kind::User) {
        true => "the user namespace denies setgroups(2)",
        // Otherwise we lack a right, or our own user namespace has a rule that we cannot see.
        false if view.text("/proc/self/setgroups").as_deref() == Some("deny") => {
            "the user namespace that we are in denies setgroups(2)"
        }
        false => return None,
    };
    let remedy = match (context.gid, context.become_root) {
        (false, _) => "keep groups, user and group as they are with --preserve-credentials",
        (true, false) => "leave -G out, with which the groups are dropped",
        (true, true) => "leave -G out, with which the groups are dropped, and keep them with --preserve-credentials",
    };
    Some(format!("{denied}: {remedy}"))
}

/// setuid(2): EINVAL.
pub fn unmapped_user(context: &NsenterContext) -> String {
    unmapped(context, context.uid, "-S", "uid_map")
}

/// setgid(2): EINVAL.
pub fn unmapped_group(context: &NsenterContext) -> String {
    unmapped(context, context.gid, "-G", "gid_map")
}

fn unmapped(context: &NsenterContext, given: bool, option: &str, map: &str) -> String {
    let namespace = match context.kinds.contains(Kind::User) {
        true => format!("the user namespace (see its {map})"),
        false => format!("the user namespace that we are in (see /proc/self/{map})"),
    };
    let remedy = match (given, context.become_root) {
        (false, _) => "choose a mapped one with -S and -G, or --preserve-credentials".to_string(),
        (true, false) => format!("choose a mapped one with {option}, or leave {option} out"),
        (true, true) => {
            format!("choose a mapped one with {option}, or leave {option} out and give --preserve-credentials")
        }
    };
    format!("the id is not mapped in {namespace}: {remedy}")
}

#[cfg(test)]
mod tests {
    use super::super::super::made::Made;
    use super::*;
    use crate::namespace::KindSet;

    fn entering(kind: Kind) -> NsenterContext {
        NsenterContext { kinds: KindSet::EMPTY.with(kind), ..NsenterContext::default() }
    }

    #[test]
    fn refused_groups_point_to_what_leaves_them() {
        let nothing = Made::of(&[]);
        let groups = |context| groups_refused(&context, &nothing.view());
        let preserving = |gid| NsenterContext { gid, ..entering(Kind::User) };
        let becoming_root = |gid| NsenterContext { become_root: true, ..preserving(gid) };
        let hint = groups(becoming_root(false)).unwrap();
        assert!(hint.ends_with("as they are with --preserve-credentials"), "{hint}");
        let hint = groups(preserving(true)).unwrap();
        assert!(hint.contains("leave -G out") && !hint.contains("--preserve"), "{hint}");
        let hint = groups(becoming_root(true)).unwrap();
        assert!(hint.contains("leave -G out") && hint.contains("--preserve-credentials"), "{hint}");
    }

    #[test]
    fn outside_of_a_user_namespace_groups_are_denied_by_our_own() {
        let given = || NsenterContext { gid: true, ..entering(Kind::Net) };
        let with = |text| {
            let made = Made::of(&[("/proc/self/setgroups", text)]);
            groups_refused(&given(), &made.view())
        };
        assert_eq!(with("allow\n"), None);
        assert_eq!(
            with("deny\n").unwrap(),
            "the user namespace that we are in denies setgroups(2): leave -G out, with which the groups are dropped"
        );
    }

    #[test]
    fn an_unmapped_id_is_one_of_the_namespace_that_it_was_given_for() {
        let given = |kind, become_root| NsenterContext { uid: true, become_root, ..entering(kind) };
        assert_eq!(
            unmapped_user(&given(Kind::Net, false)),
            "the id is not mapped in the user namespace that we are in (see /proc/self/uid_map): choose a mapped one with \
             -S, or leave -S out"
        );
        let inside = unmapped_user(&given(Kind::User, false));
        assert!(inside.contains("(see its uid_map)") && !inside.contains("--preserve"), "{inside}");
        let becoming_root = unmapped_user(&given(Kind::User, true));
        assert!(becoming_root.ends_with("leave -S out and give --preserve-credentials"), "{becoming_root}");
        // Root, whom nobody has asked for.
        let root = NsenterContext { become_root: true, ..entering(Kind::User) };
        assert!(unmapped_group(&root).ends_with("with -S and -G, or --preserve-credentials"));
    }
}
