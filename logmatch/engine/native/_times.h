/*
 * Times: the parts of dates and times that have one form, eight bytes at a time: clocks, dates, names of months and zones.
 *
 * What a text may be is said by `templates.time_grammar`; the scanners of `_times.pxi` put these parts together. A function
 * reads the bytes that its comment names and no others.
 */
#ifndef LOGMATCH_TIMES_H
#define LOGMATCH_TIMES_H

#include <stdint.h>
#include <string.h>

#include "_simd.h"

/* Eight bytes of a literal as a number, whose lowest byte is the first. */
#define LM_EIGHT(s)                                                                                                        \
    ((uint64_t)(lm_u8)(s)[0] | (uint64_t)(lm_u8)(s)[1] << 8 | (uint64_t)(lm_u8)(s)[2] << 16 |                              \
     (uint64_t)(lm_u8)(s)[3] << 24 | (uint64_t)(lm_u8)(s)[4] << 32 | (uint64_t)(lm_u8)(s)[5] << 40 |                       \
     (uint64_t)(lm_u8)(s)[6] << 48 | (uint64_t)(lm_u8)(s)[7] << 56)

/* The 8 bytes at p as such a number. */
LM_INLINE uint64_t lm_eight(const lm_u8 *p) {
    uint64_t word = lm_load64(p);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Of those, two bytes from the i-th on, so that texts of two digits compare as their numbers do. */
#define LM_PAIR(word, i) ((unsigned)(__builtin_bswap64(word) >> (48 - 8 * (i))) & 0xFFFFu)
#define LM_TWO(s) ((unsigned)(lm_u8)(s)[0] << 8 | (unsigned)(lm_u8)(s)[1])

/*
 * Whether a word is of a form: where `exact` has a space, the byte of the form; elsewhere a digit that is no greater than that
 * of the form. A digit has the upper half 3, and its lower half with (15 - that of the form) added stays below 16.
 */
#define LM_IS_FORM(word, form, exact)                                                                                      \
    (((((word) ^ LM_EIGHT(form)) & (LM_EXACT(exact) | 0xF0F0F0F0F0F0F0F0ull)) |                                            \
      ((((word) & 0x0F0F0F0F0F0F0F0Full) + (0x0F0F0F0F0F0F0F0Full - (LM_EIGHT(form) & 0x0F0F0F0F0F0F0F0Full))) &           \
       0x1010101010101010ull)) == 0)
/* 0xFF for each space, 0 for each other byte, which is a dot: bit 1 tells 0x20 from 0x2E. */
#define LM_EXACT(s) (((~LM_EIGHT(s) & 0x0202020202020202ull) >> 1) * 0xFF)

/* Whether the 8 bytes at p are a time of day, 13:05:59; the second may be 60. */
LM_INLINE int lm_is_clock(const lm_u8 *p) {
    uint64_t word = lm_eight(p);
    return LM_IS_FORM(word, "29:59:69", ".. .. ..") && LM_PAIR(word, 0) <= LM_TWO("23") && LM_PAIR(word, 6) <= LM_TWO("60");
}

/* Whether a pair is a number of two digits from `least` to `most`, both pairs themselves. */
LM_INLINE int lm_is_between(unsigned pair, unsigned least, unsigned most) {
    return pair - least <= most - least && (pair & 0xFFu) - '0' <= 9;
}

/* Whether the 10 bytes at p are a date, 2024-05-31, with this separator, `-` or `/`. */
LM_INLINE int lm_is_date(const lm_u8 *p, lm_u8 separator) {
    uint64_t word = lm_eight(p);
    int fits = separator == '/' ? LM_IS_FORM(word, "9999/19/", ".... .. ") : LM_IS_FORM(word, "9999-19-", ".... .. ");
    return fits && lm_is_between(LM_PAIR(word, 5), LM_TWO("01"), LM_TWO("12")) &&
           lm_is_between((unsigned)p[8] << 8 | p[9], LM_TWO("01"), LM_TWO("31"));
}

/*
 * Whether the 6 bytes after a date are the beginning of a time as ISO 8601 joins the two, T13:05. Reads the 8 bytes at p,
 * which is where the day begins.
 */
LM_INLINE int lm_is_joined_clock(const lm_u8 *p) {
    uint64_t word = lm_eight(p);
    return LM_IS_FORM(word & ~0xFF0000ull, "39\0" "29:59", ".. .. ..") && (p[2] == 'T' || p[2] == ' ' || p[2] == 't') &&
           LM_PAIR(word, 3) <= LM_TWO("23");
}

/*
 * Names: a number of 32 bits that their bytes make, lowest first, leads to the only place of a table where the name may be.
 * The multipliers were found by trying; 0 leads to the first place, which is taken, so that it is no name.
 */
LM_INLINE uint32_t lm_three(const lm_u8 *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16; }
#define LM_NAME3(a, b, c) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16)
#define LM_NAME4(a, b, c, d) (LM_NAME3(a, b, c) | (uint32_t)(d) << 24)

/* Whether the 3 bytes at p are the short name of a month. */
LM_INLINE int lm_is_month(const lm_u8 *p) {
    static const uint32_t names[16] = {
        [0] = LM_NAME3('M', 'a', 'r'), [1] = LM_NAME3('D', 'e', 'c'), [2] = LM_NAME3('O', 'c', 't'),
        [3] = LM_NAME3('A', 'u', 'g'), [5] = LM_NAME3('F', 'e', 'b'), [6] = LM_NAME3('J', 'u', 'l'),
        [7] = LM_NAME3('M', 'a', 'y'), [8] = LM_NAME3('A', 'p', 'r'), [10] = LM_NAME3('S', 'e', 'p'),
        [12] = LM_NAME3('N', 'o', 'v'), [13] = LM_NAME3('J', 'a', 'n'), [15] = LM_NAME3('J', 'u', 'n'),
    };
    uint32_t name = lm_three(p);
    return names[(name * 0x0741C7A9u) >> 28] == name;
}

/* Whether the 3 bytes at p are the short name of a day of the week. */
LM_INLINE int lm_is_day(const lm_u8 *p) {
    static const uint32_t names[8] = {
        [0] = LM_NAME3('T', 'h', 'u'), [2] = LM_NAME3('S', 'u', 'n'), [3] = LM_NAME3('F', 'r', 'i'),
        [4] = LM_NAME3('M', 'o', 'n'), [5] = LM_NAME3('W', 'e', 'd'), [6] = LM_NAME3('T', 'u', 'e'),
        [7] = LM_NAME3('S', 'a', 't'),
    };
    uint32_t name = lm_three(p);
    return names[(name * 0xB0C11FDFu) >> 29] == name;
}

/* Whether the n bytes at p are the word of a well-known zone: `time_grammar._ZONE_WORDS`. */
LM_INLINE int lm_is_zone(const lm_u8 *p, int n) {
    static const uint32_t names[128] = {
        [0] = LM_NAME4('N', 'Z', 'S', 'T'), [1] = LM_NAME3('M', 'D', 'T'), [13] = LM_NAME3('K', 'S', 'T'),
        [14] = LM_NAME3('P', 'S', 'T'), [24] = LM_NAME4('A', 'C', 'D', 'T'), [26] = LM_NAME4('C', 'E', 'S', 'T'),
        [29] = LM_NAME4('A', 'K', 'D', 'T'), [31] = LM_NAME4('W', 'E', 'S', 'T'), [37] = LM_NAME3('E', 'S', 'T'),
        [38] = LM_NAME3('J', 'S', 'T'), [46] = LM_NAME4('N', 'Z', 'D', 'T'), [47] = LM_NAME3('C', 'E', 'T'),
        [48] = LM_NAME3('U', 'T', 'C'), [52] = LM_NAME3('W', 'E', 'T'), [53] = LM_NAME3('P', 'D', 'T'),
        [55] = LM_NAME4('A', 'W', 'S', 'T'), [63] = LM_NAME3('I', 'S', 'T'), [66] = LM_NAME3('M', 'S', 'K'),
        [75] = LM_NAME3('E', 'D', 'T'), [76] = LM_NAME4('A', 'E', 'S', 'T'), [78] = LM_NAME3('G', 'M', 'T'),
        [84] = LM_NAME3('H', 'K', 'T'), [87] = LM_NAME3('C', 'S', 'T'), [89] = LM_NAME3('H', 'S', 'T'),
        [90] = LM_NAME3('M', 'S', 'T'), [103] = LM_NAME4('E', 'E', 'S', 'T'), [107] = LM_NAME4('A', 'C', 'S', 'T'),
        [112] = LM_NAME4('A', 'K', 'S', 'T'), [113] = LM_NAME3('B', 'S', 'T'), [122] = LM_NAME4('A', 'E', 'D', 'T'),
        [123] = LM_NAME3('S', 'G', 'T'), [124] = LM_NAME3('E', 'E', 'T'), [126] = LM_NAME3('C', 'D', 'T'),
    };
    uint32_t name;
    if (n != 3 && n != 4) return 0;
    name = lm_three(p) | (n == 4 ? (uint32_t)p[3] << 24 : 0);
    return names[(name * 0xCD613E31u) >> 25] == name;
}

#endif
