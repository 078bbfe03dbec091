# Completion of lsns(8) of nskit for fish.

source (status dirname)/nskit.fish

complete -c lsns -f
complete -c lsns -a '(__nskit_namespaces)'
# What is attached to a letter is an argument of its own to fish.
complete -c lsns -n 'string match -q -- "-T*" (commandline -ct)' -a '-Tprocess -Tparent -Towner'

# What completes the arguments.
set -l output -n "not string match -q -- '-T*' (commandline -ct)" -a '(__nskit_lsns_columns)'
set -l task -a '(__nskit_processes)'
set -l filter -a '(__nskit_lsns_expression)'
set -l proc -a '(__fish_complete_directories (commandline -ct))'
set -l find -a '(__fish_complete_path (commandline -ct))'
set -l scan -a '(__nskit_lsns_sources)'

# The table of options, as `NSKIT_WRITE=1 cargo test --test documentation` writes it.
complete -c lsns -s J -l json -d 'Print JSON'
complete -c lsns -s l -l list -d 'Print a list, not a tree'
complete -c lsns -s u -l notruncate -d 'Do not cut COMMAND at the width of the terminal'
complete -c lsns -s n -l noheadings -d 'Print no header line'
complete -c lsns -s o -l output -d 'Print these columns, with commas between them; +LIST: add them to the usual ones' -x $output
complete -c lsns -l output-all -d 'Print all columns'
complete -c lsns -s P -l persistent -d 'Only namespaces without a process (add -o +HELD-BY)'
complete -c lsns -s p -l task -d 'Only the namespaces that this process is in' -x $task
complete -c lsns -l find -d 'Only the namespaces that have this in them: a device, mount, path, interface, address, container, unit or pid:N' -x $find
complete -c lsns -s Q -l filter -d 'Only the rows for which EXPR holds' -x $filter
complete -c lsns -s r -l raw -d 'Print for programs: no padding, blanks are escaped'
complete -c lsns -l color -d 'Colour the table' -f -a 'auto always never'
complete -c lsns -l style -d 'Draw the table' -x -a 'plain rounded ascii markdown'
complete -c lsns -s W -l nowrap -d 'Print all paths of NSFS on one line'
complete -c lsns -s t -l type -d 'Only this kind' -x -a 'mnt net ipc user pid uts cgroup time'
complete -c lsns -s T -l tree -d 'Print a tree by REL' -f -a 'process parent owner'
complete -c lsns -l scan -d 'Look only there: process, thread, children, fd, socket, mount, elsewhere, relative, kernel, all; or +SOURCE, -SOURCE; bpf: ask by BPF, not by /proc' -x $scan
complete -c lsns -l watch -d 'Look again every SECONDS (2), and show what has come and gone; with -J, an object for each' $watch
complete -c lsns -l proc -d 'Look at the proc that is mounted on DIR instead of /proc' -x $proc
complete -c lsns -s H -l list-columns -d 'Print the names of all columns, and what they mean'
complete -c lsns -s h -l help -d 'Print this help'
complete -c lsns -s V -l version -d 'Print the version'
# The end of the table.
