//! Rows → cells. Command lines, names and ids are read when the first cell needs them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::fill::Fill;
use super::holders::{self, Members};
use crate::container::names::Names;
use crate::container::state::shortened;
use crate::container::unit;
use crate::ids::{map, users};
use crate::list::column::Column;
use crate::list::inside::Inside;
use crate::list::inside::netnsid::{Client, NetNsId};
use crate::list::model::graph::Graph;
use crate::list::model::opener::{self, Opener};
use crate::list::model::snapshot::{Process, SeenHolder, SeenNamespace};
use crate::list::query::select::Item;
use crate::list::search::Findings;
use crate::list::value::Value;
use crate::list::view::render::Key;
use crate::namespace::Kind;
use crate::proc::cgroup::{self, Membership};
use crate::proc::link::Inode;
use crate::proc::status;
use crate::sys::file::read_bounded;

/// We read so many bytes of a command line; it can have megabytes.
const COMMAND_LINE: usize = 8191;

/// Enough for an id map of 340 lines.
const SMALL_FILE: usize = 64 * 1024;

/// Where the content of cells comes from.
#[derive(Clone, Copy)]
pub struct Sources<'g> {
    /// Opens namespaces.
    pub opener: &'g Opener,
    /// The /proc that was looked at.
    pub root: &'g Path,
    /// Looks into namespaces.
    pub inside: &'g Inside<'g>,
    /// Tells containers.
    pub containers: &'g Names,
    /// Whether long ids of containers are cut for people.
    pub cuts_ids: bool,
    /// What --find has found.
    pub found: Option<&'g Findings>,
}

/// Fills cells.
pub struct Cells<'g> {
    graph: &'g Graph,
    opener: &'g Opener,
    root: &'g Path,
    names: HashMap<u32, OsString>,
    /// Opened for the first network namespace; `Some(None)` if the kernel has no rtnetlink.
    client: Option<Option<Client>>,
    /// The process whose namespaces are listed, with --task.
    task: Option<&'g Process>,
    containers: &'g Names,
    cuts_ids: bool,
    /// Cells that are expensive to fill. The filter may need them first, and the output then.
    filled: HashMap<(Column, u64), Value>,
    /// Found with the first that is asked for.
    members: Option<Members>,
    inside: &'g Inside<'g>,
    found: Option<&'g Findings>,
}

impl<'g> Cells<'g> {
    /// Cells for the rows of `graph`, read through `sources`. `task` is the process whose namespaces are listed, if only
    /// one's are.
    pub fn new(graph: &'g Graph, sources: Sources<'g>, task: Option<&'g Process>) -> Cells<'g> {
        let Sources { opener, root, inside, containers, cuts_ids, found } = sources;
        Cells {
            graph,
            opener,
            root,
            names: HashMap::new(),
            client: None,
            task,
            containers,
            cuts_ids,
            filled: HashMap::new(),
            members: None,
            inside,
            found,
        }
    }

    /// Looks up the names of the users of all `items`, in one go.
    pub fn look_up_users(&mut self, items: impl Iterator<Item = Item>) {
        let uids: BTreeSet<u32> = items.filter_map(|item| self.uid(item)).collect();
        self.names = users::names_by_uid(&uids.into_iter().collect::<Vec<_>>());
    }

    /// The cell of `column` in the row of `item`.
    pub fn fill(&mut self, item: Item, column: Column, how: Fill) -> Value {
        let Some((inode, namespace)) = self.namespace(item) else {
            return Value::Empty;
        };
        let process = self.process(item);
        let number = |number: Option<i32>| {
            number.and_then(|number| u64::try_from(number).ok()).map_or(Value::Empty, Value::Number)
        };
        let relative = |inode: Option<Inode>| Value::Number(inode.map_or(0, |inode| u64::from(inode.get())));
        match column {
            Column::Ns => Value::Number(inode.get().into()),
            Column::Type => Value::text(namespace.kind.name().as_bytes()),
            Column::Path => process.map_or(Value::Empty, |process| {
                let path = self.root.join(format!("{}/ns/{}", process.pid, namespace.kind));
                Value::text(path.as_os_str().as_bytes())
            }),
            Column::NProcs => Value::Number(namespace.processes.into()),
            Column::Pid => number(process.map(|process| process.pid)),
            Column::PPid => number(process.map(|process| process.parent)),
            Column::Command => match process.map(|process| process.pid) {
                Some(pid) => self.command(pid),
                None if how == Fill::ForPerson => holders::in_place_of_command(self.graph, namespace),
                None => Value::Empty,
            },
            Column::Uid => self.uid(item).map_or(Value::Empty, |uid| Value::Number(uid.into())),
            Column::User => match self.uid(item) {
                Some(uid) => match self.names.get(&uid) {
                    Some(name) => Value::text(name.as_bytes()),
                    None => Value::text(uid.to_string().as_bytes()),
                },
                None => Value::Empty,
            },
            Column::NetNsId if namespace.kind == Kind::Net => self.network_id(inode),
            Column::NetNsId => Value::Empty,
            Column::Nsfs => mount_points(namespace),
            Column::Pns => relative(self.graph.relations(inode).parent),
            Column::Ons => relative(self.graph.relations(inode).owner),
            Column::HeldBy => holders::first(self.graph, namespace, process, how),
            Column::Holders => self.holders(inode, namespace, how),
            Column::NsId => self.id(inode, namespace),
            Column::Cgroup => self.of_cgroup(self.asked(item), |one| Some(one.path.to_vec())),
            Column::Unit => self.of_cgroup(self.asked(item), |one| unit(one.path, self.containers.evidence())),
            Column::Container => self.of_cgroup(self.asked(item), |one| self.container(one, how)),
            Column::UidMap => self.map(namespace, process, "uid_map"),
            Column::GidMap => self.map(namespace, process, "gid_map"),
            Column::Found => self.found.map_or(Value::Empty, |found| found.cell(inode)),
            Column::NsPid => self.inner_pids(self.asked(item)),
            Column::Threads => holders::threads(namespace, how == Fill::Whole),
            Column::Links | Column::Addresses | Column::Mounts | Column::Hostname | Column::Offsets => {
                self.once((column, inode.get().into()), |cells| cells.of_inside(column, inode, namespace.kind))
            }
        }
    }

    /// What lies inside of the namespace, if it is of the kind that has that.
    fn of_inside(&self, column: Column, inode: Inode, kind: Kind) -> Value {
        let text = |text: Option<Vec<u8>>| Value::text(&text.unwrap_or_default());
        match (column, kind) {
            (Column::Links, Kind::Net) => {
                let networks = self.inside.networks();
                let links = networks.devices(inode).into_iter().flat_map(|devices| &devices.links);
                Value::lines(links.map(|link| networks.text(inode, link)).collect())
            }
            (Column::Addresses, Kind::Net) => {
                let devices = self.inside.networks().devices(inode);
                let texts = devices.into_iter().flat_map(|devices| devices.addresses.iter().map(|of| devices.text(of)));
                Value::lines(texts.collect())
            }
            (Column::Mounts, Kind::Mount) => self.inside.mount_count(inode).map_or(Value::Empty, Value::Number),
            (Column::Hostname, Kind::Uts) => text(self.inside.hostname(inode)),
            (Column::Offsets, Kind::Time) => text(self.inside.offsets(inode).map(String::into_bytes)),
            _ => Value::Empty,
        }
    }

    /// `4711 1`: the PIDs of a process in the PID namespace of /proc, and in each further in.
    fn inner_pids(&self, process: Option<&Process>) -> Value {
        let text = |process: &Process| {
            let status = read_bounded(&self.root.join(format!("{}/status", process.pid)), status::LONGEST).ok()?;
            let pids = status::field(&status, "NSpid")?.split(u8::is_ascii_whitespace);
            Some(pids.filter(|pid| !pid.is_empty()).collect::<Vec<_>>().join(&b' '))
        };
        process.and_then(text).map_or(Value::Empty, |text| Value::text(&text))
    }

    fn namespace(&self, item: Item) -> Option<(Inode, &'g SeenNamespace)> {
        let inode = match item {
            Item::Namespace(inode) => inode,
            Item::Member { namespace, .. } => namespace,
        };
        Some((inode, self.graph.snapshot.namespaces.get(&inode)?))
    }

    fn process(&self, item: Item) -> Option<&'g Process> {
        let at = match item {
            Item::Namespace(_) => self.namespace(item)?.1.leader?,
            Item::Member { process, .. } => process,
        };
        self.graph.snapshot.processes.get(at)
    }

    /// The process that the cells of a row describe: that of --task, rather than another one in the same namespace.
    fn asked(&self, item: Item) -> Option<&'g Process> {
        let (inode, namespace) = self.namespace(item)?;
        let task = self.task.filter(|task| task.namespace(namespace.kind) == Some(inode));
        task.or_else(|| self.process(item))
    }

    /// The user of a namespace without a process: the one who made it, which the kernel tells only of user namespaces; root
    /// for other kinds.
    fn uid(&self, item: Item) -> Option<u32> {
        let (inode, _) = self.namespace(item)?;
        match self.process(item) {
            Some(process) => Some(process.uid),
            None => Some(self.graph.relations(inode).owner_uid.unwrap_or(0)),
        }
    }

    /// What tells the namespace of a row from every other.
    pub fn key(&mut self, item: Item) -> Option<Key> {
        let (inode, namespace) = self.namespace(item)?;
        let id = match self.id(inode, namespace) {
            Value::Number(id) => Some(id),
            _ => None,
        };
        Some(Key { inode, id, holder: holders::very_first(self.graph, namespace, self.process(item)) })
    }

    fn holders(&mut self, inode: Inode, namespace: &SeenNamespace, how: Fill) -> Value {
        let members = self.members.get_or_insert_with(|| Members::of(&self.graph.snapshot));
        holders::all(self.graph, (inode, namespace), members, how)
    }

    fn id(&mut self, inode: Inode, namespace: &SeenNamespace) -> Value {
        self.once((Column::NsId, inode.get().into()), |cells| {
            let ask = || opener::id(cells.opener.open(&cells.graph.snapshot, inode)?).ok();
            let id = namespace.id.or_else(ask);
            id.map_or(Value::Empty, Value::Number)
        })
    }

    /// Fills each expensive cell only once.
    fn once(&mut self, key: (Column, u64), fill: impl FnOnce(&mut Self) -> Value) -> Value {
        if let Some(value) = self.filled.get(&key) {
            return value.clone();
        }
        let value = fill(self);
        self.filled.insert(key, value.clone());
        value
    }

    fn container(&self, membership: Membership<'_>, how: Fill) -> Option<Vec<u8>> {
        let label = self.containers.of(membership)?;
        Some(if how == Fill::ForPerson && self.cuts_ids { shortened(&label) } else { label })
    }

    fn of_cgroup(&self, process: Option<&Process>, part: impl Fn(Membership<'_>) -> Option<Vec<u8>>) -> Value {
        let text = |process: &Process| {
            let memberships = self.inside.cgroups(process.pid);
            part(cgroup::foremost(&memberships)?)
        };
        process.and_then(text).map_or(Value::Empty, |text| Value::text(&text))
    }

    /// The lines of uid_map or gid_map, with single blanks.
    fn map(&self, namespace: &SeenNamespace, process: Option<&Process>, name: &str) -> Value {
        let (Kind::User, Some(process)) = (namespace.kind, process) else {
            return Value::Empty;
        };
        let path = self.root.join(format!("{}/{name}", process.pid));
        let extents = map::extents(&read_bounded(&path, SMALL_FILE).unwrap_or_default());
        Value::lines(map::text(&extents).lines().map(|line| line.as_bytes().to_vec()).collect())
    }

    fn network_id(&mut self, inode: Inode) -> Value {
        self.once((Column::NetNsId, inode.get().into()), |cells| {
            let client = cells.client.get_or_insert_with(|| Client::new().ok());
            let namespace = cells.opener.open(&cells.graph.snapshot, inode);
            let id = client.as_mut().zip(namespace).and_then(|(client, namespace)| client.ask(&namespace));
            match id {
                Some(NetNsId::Assigned(id)) => Value::text(id.to_string().as_bytes()),
                Some(NetNsId::Unassigned) => Value::text(b"unassigned"),
                None => Value::Empty,
            }
        })
    }

    fn command(&mut self, pid: i32) -> Value {
        // Several namespaces often have the same leader: we read its command line once. A PID is positive.
        self.once((Column::Command, pid as u64), |cells| Value::text(&cells.read_command(pid)))
    }

    /// The arguments joined by blanks, or the comm if the process has no arguments; nothing if it has ended.
    fn read_command(&self, pid: i32) -> Vec<u8> {
        let directory = self.root.join(pid.to_string());
        // One byte more than we show tells whether the line goes on.
        let mut line = read_bounded(&directory.join("cmdline"), COMMAND_LINE + 1).unwrap_or_default();
        if line.is_empty() {
            line = read_bounded(&directory.join("comm"), COMMAND_LINE).unwrap_or_default();
            line.pop_if(|byte| *byte == b'\n');
            return line;
        }
        let cut = line.len() > COMMAND_LINE;
        line.pop_if(|byte| *byte == 0 || cut);
        for byte in &mut line {
            if *byte == 0 {
                *byte = b' ';
            }
        }
        line
    }
}

/// Each once, in the order of the mount table.
fn mount_points(namespace: &SeenNamespace) -> Value {
    let mut seen = HashSet::new();
    let mut points: Vec<Vec<u8>> = Vec::new();
    for holder in &namespace.holders {
        if let SeenHolder::Mount(path) = holder
            && seen.insert(path)
        {
            points.push(path.as_os_str().as_bytes().to_vec());
        }
    }
    Value::lines(points)
}
