# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# dice.sh: chance that can be had again. A step of a run has dice of its own, which depend on
# nothing but the seed and the step's number.

dice=1

# Weyl's sequence, mixed well: neighbouring seeds and steps have nothing in common.
shake() {
	local z
	dice=$(((dice + 0x9e3779b9) & 0xffffffff))
	z=$(((dice ^ dice >> 16) * 0x21f0aaad & 0xffffffff))
	z=$(((z ^ z >> 15) * 0x735a2d97 & 0xffffffff))
	shaken=$((z ^ z >> 15))
}

# dice_for SEED STEP
dice_for() {
	dice=$(($1 & 0xffffffff))
	shake
	dice=$(((shaken + $2) & 0xffffffff))
	shake
	dice=$shaken
}

# roll N: sets rolled, 0 to N - 1.
roll() {
	shake
	rolled=$((shaken % $1))
}

# one_of WORD...: sets one.
one_of() {
	roll $#
	one=${*:rolled+1:1}
}
