/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the files of the user we run as are. HOME where it is set, else the user database: systemd
 * sets no HOME for most system units, and a unit has to read the same files as its owner's shell.
 */
#pragma once

/* $XDG_CONFIG_HOME/NAME or ~/.config/NAME; the same for XDG_CACHE_HOME (~/.cache) and XDG_DATA_HOME
 * (~/.local/share). Owned by the caller; NULL where there is no home. */
char *home_config_path(const char *name);
char *home_cache_path(const char *name);
char *home_data_path(const char *name);

/* ~/NAME, whatever XDG says. */
char *home_path(const char *name);
