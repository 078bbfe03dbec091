# Shared by the completions of unshare, nsenter and lsns: what they offer, a word and a description on each line.

# Prints the words from the program on, and fails if there is no program before the cursor. The arguments are the options
# whose argument is the next word, and the letters (with =) whose argument is attached.
function __nskit_program
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --
                set -e words[1]
                # Of no words it would print an empty one.
                set -q words[1]
                and printf '%s\n' $words
                return 0
            case '--*=*'
            case '--*'
                contains -- $words[1] $argv
                and set -e words[1]
            case '-?*'
                set -l letters (string sub -s 2 -- $words[1] | string split '')
                while set -q letters[1]
                    set -l letter -$letters[1]
                    set -e letters[1]
                    contains -- "$letter=" $argv
                    and break
                    if contains -- $letter $argv
                        set -q letters[1]
                        or set -e words[1]
                        break
                    end
                end
            case '*'
                printf '%s\n' $words
                return 0
        end
        set -e words[1]
    end
    return 1
end

# Completes the program and its arguments, of which $argv are there already.
function __nskit_complete_program
    set -q argv[1]
    or not string match -q -- '-*' (commandline -ct)
    or return
    complete -C (string join ' ' -- (string escape -- $argv) (commandline -ct))
end

function __nskit_processes
    for directory in /proc/*
        set -l pid (string match -rg '^/proc/(\d+)$' -- $directory)
        or continue
        # Threads of the kernel have no command line.
        read -lz command <$directory/cmdline 2>/dev/null
        and test -n "$command"
        and read -l name <$directory/comm 2>/dev/null
        and printf '%s\t%s\n' $pid $name
    end
end

# Files that keep a namespace of the kind $argv[1], and all others.
function __nskit_namespace_files
    set -l typed (string replace -r '^(--[a-z-]+=|-[a-zA-Z])' '' -- (commandline -ct))
    # An equals sign after a letter is dropped, but fish takes it for a part of the argument.
    set -l head (string match -r '^=' -- $typed)
    set -l kept
    while read -l -d ' ' id parent device root file rest
        string match -q -- "$argv[1]:[*" $root
        or continue
        set file (printf %b $file)
        set -a kept $file
        printf '%s%s\t%s\n' "$head" $file $root
    end </proc/self/mountinfo
    if test $argv[1] = net
        for file in /run/netns/*
            contains -- $file $kept
            or printf '%s%s\tnet\n' "$head" $file
        end
    end
    for file in (__fish_complete_path (string replace -r '^=' '' -- $typed))
        printf '%s%s\n' "$head" $file
    end
end

function __nskit_signals
    for name in HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU \
        URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN RTMAX
        echo $name
    end
end

# The ids in the database $argv[1] (passwd, group), with their names.
function __nskit_ids
    getent $argv[1] | while read -l -d : name password id rest
        printf '%s\t%s\n' $id $name
    end
end

function __nskit_owners
    getent passwd | while read -l -d : name password uid gid rest
        printf '%s:%s\t%s\n' $uid $gid $name
    end
end

# The names of a list with commas that begins as the current word does, with each of $argv that is not in it yet.
function __nskit_list
    set -l typed (string replace -r '^(--[a-z-]+=|-o)' '' -- (commandline -ct))
    set -l head (string match -rg '^(.*,|\+)' -- $typed)
    # Fish would put a name of another case in the place of the whole word.
    string match -qr '[a-z]' -- (string match -r '[^,+]*$' -- $typed)
    and set argv (string lower -- $argv)
    set -l given (string split , -- (string trim -l -c + -- $typed))
    for word in $argv
        set -l parts (string split \t -- $word)
        contains -- $parts[1] $given
        or printf '%s%s\t%s\n' "$head" $parts[1] "$parts[2]"
    end
end

function __nskit_variables
    __nskit_list (set -nx)
end

# The namespaces there are, with kind and command.
function __nskit_namespaces
    command lsns --noheadings --raw --output NS,TYPE,COMMAND 2>/dev/null | while read -l inode kind command
        printf '%s\t%s %s\n' $inode $kind (string replace -a '\\x20' ' ' -- $command)
    end
end

# What lsns shows in the column $argv[1].
function __nskit_cells
    command lsns --noheadings --raw --output $argv[1] 2>/dev/null | sort -u | string match -v ''
end

function __nskit_networks
    for file in /run/netns/*
        path basename $file
    end
end

# The descriptors of the target on the command line that are sockets.
function __nskit_nsenter_sockets
    set -l target (commandline -opc | string join ' ' | string match -rg -- '(?:--target[= ]|-[a-zA-Z]*t ?)(\d+)')
    or return
    for file in /proc/$target/fd/*
        set -l link (readlink $file)
        string match -q 'socket:*' -- $link
        and printf '%s\t%s\n' (path basename $file) $link
    end
end

# users or groups, or the one of the target.
function __nskit_nsenter_ids
    printf 'follow\tthat of the target\n'
    __fish_complete_$argv[1]
end

function __nskit_lsns_columns
    __nskit_list NS\t'Inode number' TYPE\tKind PATH\t'File below /proc' NPROCS\t'Number of processes' \
        PID\t'Lowest process id' PPID\t'Its parent' COMMAND\t'Its command line' UID\t'Its user id' USER\t'Its user' \
        NETNSID\t'Id of a network namespace' NSFS\t'Where it is mounted' PNS\tParent ONS\tOwner \
        HELD-BY\t'What keeps it alive' HOLDERS\t'All that keeps it alive' NSID\t'Number unique since boot' CGROUP\t'Cgroup' UNIT\t'Systemd unit' \
        CONTAINER\t'Container' UIDMAP\t'User map' GIDMAP\t'Group map' \
        LINKS\tInterfaces ADDRESSES\t'Their addresses' MOUNTS\t'Number of mounts' HOSTNAME\t'Host name' \
        OFFSETS\t'Of the clocks' NSPID\t'Process ids inwards' THREADS\t'Threads of processes elsewhere' FOUND\t'What --find has found'
end

# The names of the sources, with the sign that the last one of the list begins with.
function __nskit_lsns_sources
    set -l sign (commandline -ct | string replace -r '^--[a-z-]+=' '' | string match -rg '(?:,|^(?=-))([-+])[a-z]*$')
    for source in process\t'Processes' thread\t'Threads' children\t'Children to come' fd\t'Open descriptors' \
        socket\t'Sockets' tap\t'TUN and TAP devices' mount\t'Mounts here' elsewhere\t'Mounts in other mount namespaces' relative\t'Parents and owners' kernel\t'What the kernel lists' bpf\t'Ask by BPF, not by /proc' all\t'Everything'
        set -a sources "$sign"$source
    end
    __nskit_list $sources
end

function __nskit_lsns_expression
    __nskit_lsns_columns
end
