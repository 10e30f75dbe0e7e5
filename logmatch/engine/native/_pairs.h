/*
 * Pairs: where keys and values end that stand side by side, as `templates.pair_grammar` says it. For the kernel, which looks
 * for the end of all, and for writers, which take them apart.
 */
#ifndef LOGMATCH_PAIRS_H
#define LOGMATCH_PAIRS_H

#include <stdint.h>
#include <string.h>

#include "_simd.h"

#define LM_MOST_MARK 16

/* How pairs are written; without an assignment sign they are those of CEF. `grammar_code` lays one out as words of its code. */
typedef struct {
    lm_u8 separator[LM_MOST_MARK]; /* empty: spaces and tabs */
    lm_u8 assign[LM_MOST_MARK];
    int32_t separator_size, assign_size;
} lm_marks;

/* The first place in [p, end) of one of two bytes, or end. */
LM_INLINE const lm_u8 *lm_find_either(const lm_u8 *p, const lm_u8 *end, lm_u8 a, lm_u8 b, const lm_u8 *readable) {
#if LM_WIDTH
    const lm_vec one = lm_fill(a), other = lm_fill(b);
    while (p < end && LM_LIKELY(readable - p >= 16)) {
        lm_vec v = lm_load(p);
        lm_mask found = lm_bits(lm_or(lm_eq(v, one), lm_eq(v, other)));
        if (found) {
            p += lm_first(found);
            return p < end ? p : end;
        }
        p += 16;
    }
#endif
    (void)readable;
    while (p < end && *p != a && *p != b) p++;
    return p < end ? p : end;
}

/* Where a key ends that stands at p: before a space, a tab, a quote, the sign or the separator. */
LM_INLINE const lm_u8 *lm_key_end(const lm_u8 *p, const lm_u8 *end, const lm_marks *marks, const lm_u8 *readable) {
    lm_u8 sign = marks->assign[0], mark = marks->separator_size ? marks->separator[0] : ' ';
#if LM_WIDTH
    while (p < end && LM_LIKELY(readable - p >= 16)) {
        lm_vec v = lm_load(p);
        lm_vec ends = lm_or(lm_or(lm_eq(v, lm_fill(sign)), lm_eq(v, lm_fill(mark))), lm_eq(v, lm_fill('"')));
        lm_mask found = lm_bits(lm_or(ends, lm_or(lm_eq(v, lm_fill(' ')), lm_eq(v, lm_fill('\t')))));
        if (found) {
            p += lm_first(found);
            return p < end ? p : end;
        }
        p += 16;
    }
#endif
    (void)readable;
    while (p < end && *p != sign && *p != mark && *p != '"' && !lm_is_space(*p)) p++;
    return p < end ? p : end;
}

/* The quote that ends a text in quotes, of which p is the first byte after the opening one; NULL if there is none. */
LM_INLINE const lm_u8 *lm_closing_quote(const lm_u8 *p, const lm_u8 *end, const lm_u8 *readable) {
    for (;;) {
        p = lm_find_either(p, end, '"', '\\', readable);
        if (p >= end) return NULL;
        if (*p == '"') return p;
        if (end - p < 2) return NULL;
        p += 2;
    }
}

/* Where a value without quotes ends that stands at p: before the separator. */
LM_INLINE const lm_u8 *lm_bare_end(const lm_u8 *p, const lm_u8 *end, const lm_marks *marks, const lm_u8 *readable) {
    ptrdiff_t n = marks->separator_size;
    if (n == 0) return lm_find_either(p, end, ' ', '\t', readable);
    for (;;) {
        p = lm_find_either(p, end, marks->separator[0], marks->separator[0], readable);
        if (n == 1 || p >= end) return p;
        if (end - p >= n && memcmp(p, marks->separator, (size_t)n) == 0) return p;
        p++;
    }
}

/* Blanks around a separator; a tab or space that separates is none of them. */
LM_INLINE const lm_u8 *lm_skip_around(const lm_u8 *p, const lm_u8 *end, const lm_marks *marks) {
    lm_u8 mark = marks->separator_size ? marks->separator[0] : 0;
    while (p < end && lm_is_space(*p) && *p != mark) p++;
    return p;
}

/* Where the next pair begins if a separator stands at p, else NULL. */
LM_INLINE const lm_u8 *lm_next_pair(const lm_u8 *p, const lm_u8 *end, const lm_marks *marks) {
    ptrdiff_t n = marks->separator_size;
    const lm_u8 *q = lm_skip_around(p, end, marks);
    if (n == 0) return q > p ? q : NULL;
    if (end - q < n || memcmp(q, marks->separator, (size_t)n) != 0) return NULL;
    return lm_skip_around(q + n, end, marks);
}

/* --- ArcSight Common Event Format: a value goes on up to the next key */

static const lm_u8 lm_cef_keys[256] = {
    ['-'] = 1, ['.'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1,
    ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1,
    ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1,
    ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['['] = 1, [']'] = 1, ['_'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1,
    ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1,
    ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1,
    ['z'] = 1,
};

LM_INLINE const lm_u8 *lm_cef_key_end(const lm_u8 *p, const lm_u8 *end) {
    while (p < end && lm_cef_keys[*p]) p++;
    return p;
}

/* The first blank or backslash in [p, end), or end. */
LM_INLINE const lm_u8 *lm_cef_word_end(const lm_u8 *p, const lm_u8 *end, const lm_u8 *readable) {
#if LM_WIDTH
    while (p < end && LM_LIKELY(readable - p >= 16)) {
        lm_vec v = lm_load(p);
        lm_mask found = lm_bits(lm_or(lm_eq(v, lm_fill('\\')), lm_or(lm_eq(v, lm_fill(' ')), lm_eq(v, lm_fill('\t')))));
        if (found) {
            p += lm_first(found);
            return p < end ? p : end;
        }
        p += 16;
    }
#endif
    (void)readable;
    while (p < end && *p != '\\' && !lm_is_space(*p)) p++;
    return p < end ? p : end;
}

/*
 * Where a value ends that stands at p: before blanks that the end of the line or a key follows, or before a last backslash. If
 * a key follows, *key_end is where that ends.
 */
static const lm_u8 *lm_cef_value_end(const lm_u8 *p, const lm_u8 *end, const lm_u8 *readable, const lm_u8 **key_end) {
    for (;;) {
        const lm_u8 *blank = p = lm_cef_word_end(p, end, readable), *key;
        *key_end = NULL;
        if (p >= end) return end;
        if (*p == '\\') {
            if (end - p < 2) return p;
            p += 2;
            continue;
        }
        while (p < end && lm_is_space(*p)) p++;
        key = lm_cef_key_end(p, end);
        if (p >= end) return blank;
        if (key > p && key < end && *key == '=') {
            *key_end = key;
            return blank;
        }
        /* What has been read is no key, and holds neither blanks nor a backslash. */
        p = key;
    }
}

/* Where the pairs of CEF end that begin at p, or NULL; *read is as far as was read. */
static const lm_u8 *lm_cef_end(const lm_u8 *p, const lm_u8 *end, const lm_u8 *readable, const lm_u8 **read) {
    const lm_u8 *key = *read = lm_cef_key_end(p, end);
    if (key == p || key >= end || *key != '=') return NULL;
    while (key) {
        p = lm_cef_value_end(key + 1, end, readable, &key);
        LM_STEP(p - *read);
        *read = p;
    }
    return p;
}

/* --- pairs */

/* Where the pair ends that begins at p, or NULL; then *read is as far as was read. */
LM_INLINE const lm_u8 *lm_pair_end(const lm_u8 *p, const lm_u8 *end, const lm_marks *marks, const lm_u8 *readable,
                                   const lm_u8 **read) {
    ptrdiff_t n = marks->assign_size;
    const lm_u8 *key = p;
    p = *read = lm_key_end(p, end, marks, readable);
    if (p == key || end - p < n || (n == 1 ? *p != marks->assign[0] : memcmp(p, marks->assign, (size_t)n) != 0)) return NULL;
    p += n;
    if (p < end && *p == '"') {
        *read = end;
        p = lm_closing_quote(p + 1, end, readable);
        return p ? p + 1 : NULL;
    }
    return lm_bare_end(p, end, marks, readable);
}

/* Where the pairs end that begin at p, or NULL; *read is as far as was read. */
static const lm_u8 *lm_pairs_end(const lm_u8 *p, const lm_u8 *end, const lm_marks *marks, const lm_u8 *readable,
                                 const lm_u8 **read) {
    const lm_u8 *last = NULL;
    if (marks->assign_size == 0) return lm_cef_end(p, end, readable, read);
    for (;;) {
        const lm_u8 *pair = lm_pair_end(p, end, marks, readable, read);
        if (!pair) return last;
        LM_STEP(pair - p + 1);
        last = *read = pair;
        p = lm_next_pair(last, end, marks);
        if (!p) return last;
    }
}

#endif
