// SPDX-License-Identifier: BSD-2-Clause
/*
 * Hardware task switches of 32-bit guests, for CPUs that leave them to the hypervisor (VMX; SVM does them itself). Nothing else
 * in the hypervisor knows a TSS. On the vCPU's own pCPU, loaded.
 */
#pragma once

#include <vm/exit.h>

/*
 * Intel SDM vol. 3, "Task Switching", for TSSs of 16 and 32 bits. What the CPU checked before it exited (the privilege to use the
 * gate or TSS, that the descriptor is one) is not checked again, but nothing is trusted that would harm anyone but the guest. A fault
 * before the switch is the old task's, one afterwards the new task's.
 */
exit_handler exit_task;
