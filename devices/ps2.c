// SPDX-License-Identifier: BSD-2-Clause
#include "ps2.h"

void ps2_begin_answer(struct ps2_out *o)
{
	o->answers = o->answer_next = 0;
}

void ps2_answer(struct ps2_out *o, u8 byte)
{
	if (o->answers < PS2_ANSWERS)
		o->answer[o->answers++] = byte;
}

void ps2_flush(struct ps2_out *o)
{
	o->reports = 0;
}

bool ps2_report(struct ps2_out *o, const u8 *bytes, unsigned count)
{
	if (count > (unsigned)(PS2_REPORTS - o->reports))
		return false;
	for (unsigned i = 0; i < count; i++)
		o->report[(o->report_next + o->reports++) % PS2_REPORTS] = bytes[i];
	return true;
}

int ps2_take(struct ps2_out *o)
{
	if (o->answer_next < o->answers) {
		o->last = o->answer[o->answer_next++];
	} else if (o->reports) {
		o->last = o->report[o->report_next];
		o->report_next = (o->report_next + 1) % PS2_REPORTS;
		o->reports--;
	} else {
		return -1;
	}
	return o->last;
}
