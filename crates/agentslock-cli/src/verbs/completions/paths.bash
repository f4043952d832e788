
# Sections and entries, which the document has.
_agentslock_with_paths() {
    local typed=${COMP_LINE:0:COMP_POINT} word verb= file= before= each words
    word=${typed##*[[:space:]]}
    # Not COMP_WORDS, where an entry is several words.
    read -r -a words <<< "${typed%"$word"}"
    for each in "${words[@]:1}"; do
        case $before in
            --file) file=$each ;;
            --wait | -w | --color) ;;
            *) [[ -z $verb && $each != -* ]] && verb=$each ;;
        esac
        before=$each
    done
    case $verb:$before:$word in
        show:*:-* | set:*:-* | unset:*:-*) ;;
        show:--file:* | set:--file:* | unset:--file:*) ;;
        show:* | set:* | unset:* | check:--entry:*)
            # Bash completes what comes after the last of the characters at which it breaks words.
            local kept= path
            while [[ $word == *["$COMP_WORDBREAKS"]* && ${word%%["$COMP_WORDBREAKS"]*} != "$word" ]]; do
                kept+=${word%%["$COMP_WORDBREAKS"]*}
                word=${word#"${word%%["$COMP_WORDBREAKS"]*}"}
                kept+=${word:0:1}
                word=${word:1}
            done
            COMPREPLY=()
            while IFS= read -r path; do
                COMPREPLY+=("$(printf %q "${path#"$kept"}")")
            done < <(AGENTSLOCK_JSON= agentslock completions ${file:+--file "$file"} "--paths=$kept$word" 2>/dev/null)
            [[ ${#COMPREPLY[@]} -gt 0 ]] && return
            ;;
    esac
    _agentslock "$@"
}

complete -F _agentslock_with_paths -o bashdefault -o default agentslock
