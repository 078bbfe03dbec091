//! What a listing returns, for serde: the names of fields are those of the methods.

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::held::Holder;
use super::listed::{Identity, NamespaceInfo, Namespaces};
use super::watch::Change;
use crate::namespace::Kind;

/// Its name in /proc/PID/ns.
impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// As lsns(8) prints it.
impl Serialize for Holder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Identity", 3)?;
        fields.serialize_field("kind", &self.kind)?;
        fields.serialize_field("inode", &self.inode)?;
        fields.serialize_field("id", &self.id)?;
        fields.end()
    }
}

impl Serialize for NamespaceInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("NamespaceInfo", 9)?;
        fields.serialize_field("kind", &self.kind())?;
        fields.serialize_field("inode", &self.inode())?;
        fields.serialize_field("id", &self.id())?;
        fields.serialize_field("leader", &self.leader())?;
        fields.serialize_field("processes", &self.processes())?;
        fields.serialize_field("holders", self.holders())?;
        fields.serialize_field("parent", &self.parent())?;
        fields.serialize_field("owner", &self.owner())?;
        fields.serialize_field("owner_uid", &self.owner_uid())?;
        fields.end()
    }
}

impl Serialize for Namespaces {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

/// `{"appeared": …}` or `{"vanished": …}`.
impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Change::Appeared(namespace) => map.serialize_entry("appeared", namespace)?,
            Change::Vanished(identity) => map.serialize_entry("vanished", identity)?,
        }
        map.end()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_listing_returns_is_json_for_who_wants_it() {
        let identity = Identity { kind: Kind::Net, inode: 5, id: None };
        let namespace = NamespaceInfo {
            identity,
            leader: Some(7),
            processes: 1,
            holders: vec![Holder::Process { pid: 7 }],
            parent: None,
            owner: Some(3),
            owner_uid: None,
        };
        let json = r#"{"kind":"net","inode":5,"id":null,"leader":7,"processes":1,"holders":["process 7"],"parent":null,"owner":3,"owner_uid":null}"#;
        assert_eq!(serde_json::to_string(&Namespaces::new(vec![namespace.clone()], 0)).unwrap(), format!("[{json}]"));
        let change = serde_json::to_string(&Change::Appeared(namespace)).unwrap();
        assert_eq!(change, format!(r#"{{"appeared":{json}}}"#));
        let gone = serde_json::to_string(&Change::Vanished(identity)).unwrap();
        assert_eq!(gone, r#"{"vanished":{"kind":"net","inode":5,"id":null}}"#);
    }
}
