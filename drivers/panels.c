// SPDX-License-Identifier: BSD-2-Clause
/* The panels of the framebuffer console: who is where, and a small terminal in each. */
#include "font.h"
#include "framebuffer.h"

#include <lib/bits.h>
#include <lib/fmt.h>
#include <lib/string.h>

#define TAB_WIDTH 8
#define COLS_MIN  20 /* of a guest's panel; less cannot be read */
#define ROWS_MIN  3
#define GAP       1 /* columns between two */

/* --- A terminal ------------------------------------------------------------------------------ */

static u8 *cells(struct framebuffer *fb, const struct framebuffer_panel *p, u32 row)
{
	return &fb->cells[p->top + row][p->left];
}

static void set(struct framebuffer *fb, const struct framebuffer_panel *p, u32 row, u32 col, u8 c)
{
	framebuffer_set(fb, p->top + row, p->left + col, c);
}

static void draw_cursor(struct framebuffer *fb, const struct framebuffer_panel *p, bool on)
{
	if (p->col < p->cols)
		framebuffer_draw(fb, p->top + p->row, p->left + p->col, on);
}

static void line_feed(struct framebuffer *fb, struct framebuffer_panel *p)
{
	if (p->row + 1 < p->rows) {
		p->row++;
		return;
	}
	p->full = p->last;
	if (p->full)
		return;
	for (u32 row = 0; row < p->rows; row++)
		for (u32 col = 0; col < p->cols; col++)
			set(fb, p, row, col, row + 1 < p->rows ? cells(fb, p, row + 1)[col] : ' ');
}

static void show(struct framebuffer *fb, struct framebuffer_panel *p, u8 c)
{
	if (p->col >= p->cols) {
		p->col = 0;
		line_feed(fb, p);
	}
	if (!p->full)
		set(fb, p, p->row, p->col++, c);
}

static void control(struct framebuffer *fb, struct framebuffer_panel *p, char c)
{
	switch (c) {
	case '\r':
		p->col = 0;
		break;
	case '\n':
		line_feed(fb, p);
		break;
	case '\b':
		if (p->col)
			p->col--;
		break;
	case '\t':
		p->col = (u32)min_u64(align_down(p->col, TAB_WIDTH) + TAB_WIDTH, p->cols - 1);
		break;
	}
}

void panel_put(struct framebuffer *fb, u32 panel, char c)
{
	struct framebuffer_panel *p = &fb->panel[panel];
	enum ansi_kind kind;
	u8 byte = (u8)c;

	if (panel >= fb->panel_count || p->full)
		return;
	kind = ansi_next(&p->ansi, byte);
	if (kind == ANSI_NOTHING)
		return;
	draw_cursor(fb, p, false);
	if (kind == ANSI_CONTROL)
		control(fb, p, c);
	else if (byte < 0x80)
		show(fb, p, byte);
	else if (byte >= 0xC0) /* a box for a character's first byte, nothing for the rest */
		show(fb, p, FONT_UNKNOWN);
	draw_cursor(fb, p, true);
}

/* --- Where they are -------------------------------------------------------------------------- */

static void draw_bar(struct framebuffer *fb, u32 panel)
{
	const struct framebuffer_panel *p = &fb->panel[panel];
	const char *title = p->title;

	if (!p->bar)
		return;
	fb->bar = panel == fb->front ? fb->ink : fb->dim;
	for (u32 col = 0; col < p->cols; col++) {
		u8 c = col && *title ? (u8)*title++ : ' ';

		fb->cells[p->top - 1][p->left + col] = c | FRAMEBUFFER_BAR;
		framebuffer_draw(fb, p->top - 1, p->left + col, false);
	}
	fb->bar = fb->dim;
}

void panel_front(struct framebuffer *fb, u32 panel)
{
	u32 before = fb->front;

	fb->front = panel;
	if (before < fb->panel_count)
		draw_bar(fb, before);
	if (panel < fb->panel_count)
		draw_bar(fb, panel);
}

/* An empty panel in a rectangle of which the first row is its bar. */
static void place(struct framebuffer *fb, u32 panel, u32 top, u32 left, u32 rows, u32 cols)
{
	struct framebuffer_panel *p = &fb->panel[panel];

	p->top = top + 1;
	p->left = left;
	p->rows = rows - 1;
	p->cols = cols;
	p->row = p->col = 0;
	p->bar = true;
	p->ansi = (struct ansi){ 0 };
	draw_bar(fb, panel);
	draw_cursor(fb, p, true);
}

/* Columns of panels: as near to twice as wide as high, in characters, as there is room. */
static u32 columns_for(const struct framebuffer *fb, u32 count, u32 rows)
{
	u32 best = 1;

	for (u32 n = 1; n <= count && fb->cols / n >= COLS_MIN + GAP; n++) {
		u32 high = rows / ((count + n - 1) / n);

		if (high <= ROWS_MIN || fb->cols / n >= 4 * high)
			best = n;
	}
	return best;
}

/* The log's newest lines go where its panel will be, all else becomes blank. */
static void move_log(struct framebuffer *fb, u32 top)
{
	struct framebuffer_panel *p = &fb->panel[CONSOLE_PANEL_LOG];
	u32 rows = fb->rows - top, kept = (u32)min_u64(p->row + 1, rows),
	    from = p->top + p->row + 1 - kept;
	u32 col = p->col;
	bool bar = top > 0;

	draw_cursor(fb, p, false);
	for (u32 i = 0; i < kept; i++) {
		u32 row = top > from ? kept - 1 - i : i;

		for (u32 c = 0; c < fb->cols; c++)
			framebuffer_set(fb, top + row, c, fb->cells[from + row][c]);
	}
	for (u32 row = 0; row < fb->rows; row++)
		for (u32 c = 0; c < fb->cols; c++)
			if (row < top || row >= top + kept)
				framebuffer_set(fb, row, c, ' ');
	p->top = top;
	p->left = 0;
	p->rows = rows;
	p->cols = fb->cols;
	p->row = kept - 1;
	p->col = col;
	p->bar = bar;
}

void panel_init(struct framebuffer *fb)
{
	fb->panel_count = 1;
	fb->panel[CONSOLE_PANEL_LOG] =
	    (struct framebuffer_panel){ .rows = fb->rows, .cols = fb->cols };
	draw_cursor(fb, &fb->panel[CONSOLE_PANEL_LOG], true);
}

void panel_panic(struct framebuffer *fb)
{
	for (u32 row = 0; row < fb->rows; row++)
		for (u32 col = 0; col < fb->cols; col++)
			framebuffer_set(fb, row, col, ' ');
	panel_init(fb);
	fb->panel[CONSOLE_PANEL_LOG].last = true;
}

void panel_layout(struct framebuffer *fb, const struct console_panel *guests, u32 count)
{
	struct framebuffer_panel *log = &fb->panel[CONSOLE_PANEL_LOG];
	u32 log_rows = fb->rows / 3, rows = fb->rows - log_rows, columns, lines;

	fb->panel_count = 1;
	columns = columns_for(fb, count, rows);
	lines = (count + columns - 1) / columns;
	if (!count || count >= FRAMEBUFFER_PANELS_MAX || rows / lines < ROWS_MIN + 1 ||
	    log_rows < ROWS_MIN + 1 || fb->cols / columns < COLS_MIN) {
		move_log(fb, 0);
		draw_cursor(fb, log, true);
		return;
	}
	move_log(fb, rows + 1);
	str_copy(log->title, sizeof(log->title), "Plinth: log and monitor (Ctrl-A m)");
	draw_bar(fb, CONSOLE_PANEL_LOG);
	draw_cursor(fb, log, true);
	fb->panel_count = count + 1;
	for (u32 i = 0; i < count; i++) {
		u32 line = i / columns, at = i % columns, width = fb->cols / columns;
		u32 top = line * rows / lines, bottom = (line + 1) * rows / lines;
		bool last = at + 1 == columns;

		fmt_print(fb->panel[i + 1].title, sizeof(fb->panel[i + 1].title), "%u %s", i + 1,
			  guests[i].name);
		place(fb, i + 1, top, at * width, bottom - top,
		      last ? fb->cols - at * width : width - GAP);
	}
}
