
# Sections and entries, which the document has.
function __fish_agentslock_paths
    AGENTSLOCK_JSON= agentslock completions --paths=(commandline --current-token) 2>/dev/null
end
for verb in show set unset
    complete -c agentslock -n "__fish_agentslock_using_subcommand $verb" -f -a "(__fish_agentslock_paths)"
end
complete -c agentslock -n "__fish_agentslock_using_subcommand check" -l entry -x -a "(__fish_agentslock_paths)"
