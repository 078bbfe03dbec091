//! Fields of JSON files.

use serde_json::Value;

/// In bytes. What a runtime writes of one container is some tens of kilobytes long.
pub const LONGEST: usize = 1 << 20;

/// The value that a text is; `None` if it is none. serde_json refuses what is nested too deep.
pub fn parse(text: &[u8]) -> Option<Value> {
    serde_json::from_slice(text).ok()
}

/// The text of a field, by its JSON pointer; nothing for an empty one.
pub fn text(value: &Value, pointer: &str) -> Option<Vec<u8>> {
    let text = value.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then(|| text.as_bytes().to_vec())
}

/// A field that is a PID, above 0.
pub fn pid(value: &Value, pointer: &str) -> Option<i32> {
    let number = value.pointer(pointer)?.as_i64()?;
    i32::try_from(number).ok().filter(|pid| *pid > 0)
}

/// The name that Kubernetes has for a container, NAMESPACE/POD/CONTAINER, by the annotations of its config.json: the names of
/// these three.
pub fn name_in_pod(config: &Value, annotations: [&str; 3]) -> Option<Vec<u8>> {
    let all = config.get("annotations")?;
    let field = |name: &str| all.get(name)?.as_str().filter(|text| !text.is_empty());
    let [namespace, pod, container] = annotations.map(field);
    Some(format!("{}/{}/{}", namespace?, pod?, container?).into_bytes())
}
