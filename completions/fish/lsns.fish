# Completion of lsns(8) of nskit for fish.

source (status dirname)/nskit.fish

complete -c lsns -f
complete -c lsns -a '(__nskit_namespaces)'
# What is attached to a letter is an argument of its own to fish.
complete -c lsns -n 'string match -q -- "-T*" (commandline -ct)' -a '-Tprocess -Tparent -Towner'

complete -c lsns -s J -l json -d 'Print JSON'
complete -c lsns -s l -l list -d 'Print a flat list'
complete -c lsns -s n -l noheadings -d 'Print no header line'
complete -c lsns -n "not string match -q -- '-T*' (commandline -ct)" -s o -l output -d 'Print these columns' -x -a '(__nskit_lsns_columns)'
complete -c lsns -l output-all -d 'Print all columns'
complete -c lsns -s P -l persistent -d 'List only namespaces without a process'
complete -c lsns -s p -l task -d 'List only namespaces that this process is in' -x -a '(__nskit_processes)'
complete -c lsns -s Q -l filter -d 'List only rows for which this holds' -x -a '(__nskit_lsns_expression)'
complete -c lsns -s r -l raw -d 'Print raw output'
complete -c lsns -s u -l notruncate -d 'Do not cut COMMAND'
complete -c lsns -s W -l nowrap -d 'Print the paths of NSFS on one line'
complete -c lsns -s t -l type -d 'List only this kind' -x -a 'mnt net ipc user pid uts cgroup time'
complete -c lsns -s T -l tree -d 'Print a tree' -f -a 'process parent owner'
complete -c lsns -l scan -d 'Where to look' -x -a '(__nskit_lsns_sources)'
complete -c lsns -s H -l list-columns -d 'Print the columns there are'
complete -c lsns -s h -l help -d 'Print help'
complete -c lsns -s V -l version -d 'Print the version'
