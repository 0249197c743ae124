// SPDX-License-Identifier: BSD-2-Clause
/* What the code under test logged: the newest line, and how many since the program began. */
#pragma once

extern char fake_log_last[512];
extern unsigned fake_log_count;
