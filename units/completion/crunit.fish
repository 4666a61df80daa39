# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of crunit in fish; `crunit __complete` knows what may follow.

function __crunit_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] "$word" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path $word
            case :dirs
                __fish_complete_directories $word
            case ':*'
                $words[1] __names (string sub -s 2 -- $line) 2>/dev/null
            case '*'
                echo $line
        end
    end
end

complete -c crunit -f -a '(__crunit_complete)'
