# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of crunit in fish; `crunit __complete` knows what may follow.

function __crunit_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    # A value may be joined to its option, and fish wants both together.
    set -l front (string match -r -- '^--[^=]*=' $word; or echo '')
    set -l value (string sub -s (math (string length -- $front) + 1) -- $word)
    for line in ($words[1] __complete $words[2..-1] "$word" 2>/dev/null)
        switch $line
            case :files
                string join \n -- $front(__fish_complete_path "$value")
            case :dirs
                string join \n -- $front(__fish_complete_directories "$value")
            case ':*'
                string join \n -- $front($words[1] __names (string sub -s 2 -- $line) 2>/dev/null)
            case '*'
                echo $line
        end
    end
end

complete -c crunit -f -a '(__crunit_complete)'
