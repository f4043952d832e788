# Sections and entries, which the document has.
_agentslock_paths() {
    local -a paths
    paths=(${(f)"$(AGENTSLOCK_JSON= agentslock completions --paths="$PREFIX" 2>/dev/null)"})
    compadd -a paths || _default
}
