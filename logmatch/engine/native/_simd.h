/*
 * Byte scanning for the native engine: what the loops of _kernel.pyx and _encode.pyx need of the machine.
 *
 * Two kinds of functions:
 *
 * - Short hops (a field, a literal) work on 16 bytes at a time with what every x86-64 (SSE2) and every arm64 (NEON) has, so
 *   that they can be inlined; elsewhere byte by byte. They are told how far memory may be read (`readable`), which is the end
 *   of the chunk and not of the line, and never read beyond it.
 * - Long passes (all bytes of a chunk; places where a field may end) are compiled for AVX2 as well. Which is used is decided
 *   once, when the module is imported (lm_choose), by what the processor says it can do; LOGMATCH_SIMD=baseline keeps to the
 *   first kind, LOGMATCH_SIMD=scalar to none, for measuring and for tests.
 *
 * Nothing here knows of lines, templates or JSON beyond what a function's comment says.
 */
#ifndef LOGMATCH_SIMD_H
#define LOGMATCH_SIMD_H

#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(LOGMATCH_NO_SIMD)
#elif defined(__SSE2__)
#define LM_SSE2 1
#include <emmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_NEON)
#define LM_NEON 1
#include <arm_neon.h>
#endif

#if defined(LM_SSE2) && (defined(__GNUC__) || defined(__clang__))
#define LM_AVX2 1
#include <immintrin.h>
#define LM_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#endif

/* Limits of _kernel.pyx (see there), here so that a build for fuzzing can set them to where they are met often. */
#ifndef LM_PATIENCE
#define LM_PATIENCE 16
#endif
#ifndef LM_PLENTY
#define LM_PLENTY 4
#endif
#ifndef LM_MOST_BY_LIMIT
#define LM_MOST_BY_LIMIT (10 << 20)
#endif

/*
 * Steps: instructions that the machine runs and bytes that it reads, counted where a build asks for it, to search for lines
 * whose time grows faster than their length (tests/fuzz/search_steps.py). Not for threads.
 */
#ifdef LM_COUNT_STEPS
static uint64_t lm_steps = 0;
#define LM_STEP(n) ((void)(lm_steps += (uint64_t)(n)))
#define LM_STEPS (lm_steps)
#else
#define LM_STEP(n) ((void)0)
#define LM_STEPS (0)
#endif

#define LM_LIKELY(x) __builtin_expect(!!(x), 1)
#define LM_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* What is so short that a call would cost more than it; GCC thinks otherwise where it is used often. */
#if defined(__GNUC__) || defined(__clang__)
#define LM_INLINE static inline __attribute__((always_inline))
#else
#define LM_INLINE static inline
#endif

typedef uint8_t lm_u8;

/* Memory at p will be read soon. */
static inline void lm_prefetch(const void *p) { __builtin_prefetch(p); }

static inline uint64_t lm_load64(const void *p) {
    uint64_t number;
    memcpy(&number, p, 8);
    return number;
}

/* Which bit of a mask that is not 0 is the lowest. */
static inline int lm_lowest(uint64_t mask) { return __builtin_ctzll(mask); }

/* --- 16 bytes: a mask with one bit (x86) or four bits (arm64) for each byte */

#if defined(LM_SSE2)
#define LM_WIDTH 16
#define LM_BITS 1
typedef __m128i lm_vec;
typedef uint32_t lm_mask;
static inline lm_vec lm_load(const lm_u8 *p) { return _mm_loadu_si128((const __m128i *)p); }
static inline void lm_store(lm_u8 *p, lm_vec v) { _mm_storeu_si128((__m128i *)p, v); }
static inline lm_vec lm_fill(lm_u8 b) { return _mm_set1_epi8((char)b); }
static inline lm_vec lm_eq(lm_vec a, lm_vec b) { return _mm_cmpeq_epi8(a, b); }
static inline lm_vec lm_or(lm_vec a, lm_vec b) { return _mm_or_si128(a, b); }
static inline lm_vec lm_and(lm_vec a, lm_vec b) { return _mm_and_si128(a, b); }
/* Bytes below 0x20, the quote, the backslash, and bytes from 0x80 on: as signed bytes the last are below 0x20 too. */
static inline lm_vec lm_special(lm_vec v) {
    return lm_or(_mm_cmplt_epi8(v, lm_fill(0x20)), lm_or(lm_eq(v, lm_fill('"')), lm_eq(v, lm_fill('\\'))));
}
static inline lm_mask lm_bits(lm_vec v) { return (lm_mask)_mm_movemask_epi8(v); }
static inline lm_vec lm_is_digits(lm_vec v) {
    lm_vec value = _mm_sub_epi8(v, lm_fill('0'));
    return lm_eq(_mm_min_epu8(value, lm_fill(9)), value);
}
#define LM_ALL 0xFFFFu
#define LM_BELOW(n) ((1u << (n)) - 1u) /* the bits of the first n < 32 bytes */
static inline int lm_first(lm_mask m) { return __builtin_ctz(m); }
#elif defined(LM_NEON)
#define LM_WIDTH 16
#define LM_BITS 4
typedef uint8x16_t lm_vec;
typedef uint64_t lm_mask;
static inline lm_vec lm_load(const lm_u8 *p) { return vld1q_u8(p); }
static inline void lm_store(lm_u8 *p, lm_vec v) { vst1q_u8(p, v); }
static inline lm_vec lm_fill(lm_u8 b) { return vdupq_n_u8(b); }
static inline lm_vec lm_eq(lm_vec a, lm_vec b) { return vceqq_u8(a, b); }
static inline lm_vec lm_or(lm_vec a, lm_vec b) { return vorrq_u8(a, b); }
static inline lm_vec lm_and(lm_vec a, lm_vec b) { return vandq_u8(a, b); }
static inline lm_vec lm_special(lm_vec v) {
    return lm_or(vcltq_s8(vreinterpretq_s8_u8(v), vdupq_n_s8(0x20)), lm_or(lm_eq(v, lm_fill('"')), lm_eq(v, lm_fill('\\'))));
}
static inline lm_mask lm_bits(lm_vec v) {
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(v), 4)), 0);
}
static inline lm_vec lm_is_digits(lm_vec v) { return vcleq_u8(vsubq_u8(v, lm_fill('0')), lm_fill(9)); }
#define LM_ALL 0xFFFFFFFFFFFFFFFFull
#define LM_BELOW(n) ((n) >= 16 ? LM_ALL : (1ull << (4 * (n))) - 1ull)
static inline int lm_first(lm_mask m) { return __builtin_ctzll(m) >> 2; }
#else
#define LM_WIDTH 0
#endif

static inline int lm_is_special(lm_u8 b) { return b < 0x20 || b >= 0x80 || b == '"' || b == '\\'; }
static inline int lm_is_space(lm_u8 b) { return b == ' ' || b == '\t'; }

/* --- short hops */

/*
 * Whether the n bytes at p and at q are the same. Both have n bytes; q may be read up to q_readable, p for 16 more.
 * Nearly all literals have at most 32 bytes: two overlapping pieces.
 */
LM_INLINE int lm_equal(const lm_u8 *p, const lm_u8 *q, ptrdiff_t n, const lm_u8 *q_readable) {
#if LM_WIDTH
    if (LM_LIKELY(q_readable - q >= 16)) {
        /* At least 16 bytes can be read at q here, and 16 at p (see above). */
        lm_mask same = lm_bits(lm_eq(lm_load(p), lm_load(q)));
        if (n <= 16) return (~same & LM_ALL & (lm_mask)LM_BELOW(n)) == 0;
        if (n <= 32) return same == LM_ALL && lm_bits(lm_eq(lm_load(p + n - 16), lm_load(q + n - 16))) == LM_ALL;
        return same == LM_ALL && memcmp(p + 16, q + 16, (size_t)(n - 16)) == 0;
    }
#endif
    (void)q_readable;
    return memcmp(p, q, (size_t)n) == 0;
}

/* Where the digits end that stand at p, at most end. */
static inline const lm_u8 *lm_digits(const lm_u8 *p, const lm_u8 *end, const lm_u8 *readable) {
#if LM_WIDTH
    while (p < end && LM_LIKELY(readable - p >= 16)) {
        lm_mask others = ~lm_bits(lm_is_digits(lm_load(p))) & LM_ALL;
        if (LM_LIKELY(others)) {
            p += lm_first(others);
            return p < end ? p : end;
        }
        p += 16;
    }
#endif
    (void)readable;
    while (p < end && (lm_u8)(*p - '0') < 10) p++;
    return p < end ? p : end;
}

/* A bit for each of the 64 bytes at p: whether it is a space or tab. Bytes from readable on count as none. */
static inline uint64_t lm_spaces(const lm_u8 *p, const lm_u8 *readable) {
    uint64_t found = 0;
#if defined(LM_SSE2)
    if (LM_LIKELY(readable - p >= 64)) {
        const lm_vec space = lm_fill(' '), tab = lm_fill('\t');
        for (int part = 0; part < 4; part++) {
            lm_vec v = lm_load(p + 16 * part);
            found |= (uint64_t)lm_bits(lm_or(lm_eq(v, space), lm_eq(v, tab))) << (16 * part);
        }
        return found;
    }
#endif
    for (int i = 0; i < 64 && i < readable - p; i++) found |= (uint64_t)lm_is_space(p[i]) << i;
    return found;
}

/* The k bytes at p, 2 to 8 of them, as a number that differs for different bytes. */
static inline uint64_t lm_key(const lm_u8 *p, int k, const lm_u8 *readable) {
    uint64_t key = 0;
    if (LM_LIKELY(readable - p >= 8)) {
        memcpy(&key, p, 8);
    } else {
        memcpy(&key, p, (size_t)k);
    }
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return key >> (64 - 8 * k);
#else
    return key & (~(uint64_t)0 >> (64 - 8 * k));
#endif
}

/* The first space or tab in [p, end), or end. */
static inline const lm_u8 *lm_find_space(const lm_u8 *p, const lm_u8 *end, const lm_u8 *readable) {
#if LM_WIDTH
    const lm_vec space = lm_fill(' '), tab = lm_fill('\t');
    while (p < end && LM_LIKELY(readable - p >= 16)) {
        lm_vec v = lm_load(p);
        lm_mask found = lm_bits(lm_or(lm_eq(v, space), lm_eq(v, tab)));
        if (found) {
            p += lm_first(found);
            return p < end ? p : end;
        }
        p += 16;
    }
#endif
    (void)readable;
    while (p < end && !lm_is_space(*p)) p++;
    return p < end ? p : end;
}

/*
 * The first place of the n bytes at needle (n >= 1) that lies within [p, end), or NULL. Places where the first and the last
 * byte of them are right are looked at more closely. As in lm_equal, needle may be read for 16 bytes more.
 */
LM_INLINE const lm_u8 *lm_find(const lm_u8 *p, const lm_u8 *end, const lm_u8 *needle, ptrdiff_t n, lm_u8 first,
                                   lm_u8 last, const lm_u8 *readable) {
    const lm_u8 *last_start = end - n; /* the last place where it can begin */
#if LM_WIDTH
    const lm_vec firsts = lm_fill(first), lasts = lm_fill(last);
#if LM_BITS == 1
    /* 32 at a time: few texts are longer, so that the loop seldom goes round. */
    while (p <= last_start && LM_LIKELY(readable - p >= 31 + n)) {
        const lm_u8 *tail = p + n - 1;
        uint32_t found = lm_bits(lm_and(lm_eq(lm_load(p), firsts), lm_eq(lm_load(tail), lasts)));
        found |= lm_bits(lm_and(lm_eq(lm_load(p + 16), firsts), lm_eq(lm_load(tail + 16), lasts))) << 16;
        while (found) {
            const lm_u8 *place = p + __builtin_ctz(found);
            if (place > last_start) return NULL;
            if (lm_equal(needle, place, n, readable)) return place;
            found &= found - 1;
        }
        p += 32;
    }
#else
    while (p <= last_start && LM_LIKELY(readable - p >= 15 + n)) {
        lm_mask found = lm_bits(lm_and(lm_eq(lm_load(p), firsts), lm_eq(lm_load(p + n - 1), lasts)));
        while (found) {
            int i = lm_first(found);
            if (p + i > last_start) return NULL;
            if (lm_equal(needle, p + i, n, readable)) return p + i;
            found &= ~(0xFull << (4 * i));
        }
        p += 16;
    }
#endif
#endif
    (void)first, (void)last, (void)readable;
    for (; p <= last_start; p++)
        if (*p == needle[0] && memcmp(p, needle, (size_t)n) == 0) return p;
    return NULL;
}

/* Which of the first k <= 16 bytes at table (16 can be read) is b, or -1. */
static inline int lm_index(const lm_u8 *table, int k, lm_u8 b) {
#if LM_WIDTH
    lm_mask found = lm_bits(lm_eq(lm_load(table), lm_fill(b))) & (lm_mask)LM_BELOW(k);
    return found ? lm_first(found) : -1;
#else
    for (int i = 0; i < k; i++)
        if (table[i] == b) return i;
    return -1;
#endif
}

/* How many bytes of [p, end) stand before the first special one (lm_is_special); all if there is none. */
static inline ptrdiff_t lm_plain(const lm_u8 *p, const lm_u8 *end, const lm_u8 *readable) {
    const lm_u8 *start = p;
#if LM_WIDTH
    while (p < end && LM_LIKELY(readable - p >= 16)) {
        lm_mask found = lm_bits(lm_special(lm_load(p)));
        if (found) {
            p += lm_first(found);
            return (p < end ? p : end) - start;
        }
        p += 16;
    }
#endif
    (void)readable;
    while (p < end && !lm_is_special(*p)) p++;
    return (p < end ? p : end) - start;
}

/*
 * Copy n bytes. Up to 31 more may be written after them, and are if at least 32 can be read from the last of them on
 * (up to readable): nearly all fields are that short, and take the same few steps whatever their length.
 */
static inline void lm_copy(lm_u8 *to, const lm_u8 *from, ptrdiff_t n, const lm_u8 *readable) {
#if LM_WIDTH
    if (LM_LIKELY(readable - from >= n + 32)) {
        lm_store(to, lm_load(from));
        lm_store(to + 16, lm_load(from + 16));
        if (LM_LIKELY(n <= 32)) return;
        if (n <= 96) {
            ptrdiff_t i = 32;
            do {
                lm_store(to + i, lm_load(from + i));
                lm_store(to + i + 16, lm_load(from + i + 16));
                i += 32;
            } while (i < n);
            return;
        }
    }
#endif
    (void)readable;
    memcpy(to, from, (size_t)n);
}

/* --- long passes */

/*
 * The lines of the n bytes at p, of which each "\n" ends one. Writes for the i-th line where its "\n" is (offset from p) and
 * whether a special byte stands before that in the line. Returns how many lines were found, at most room; the last line
 * without "\n" is not among them. *done is how many bytes they take; *rest says whether a special byte stands after.
 */
typedef size_t (*lm_split_fn)(const lm_u8 *p, size_t n, int32_t *ends, lm_u8 *special, size_t room, size_t *done, int *rest);

/* How many "\n" are in the n bytes at p. */
typedef size_t (*lm_count_fn)(const lm_u8 *p, size_t n);

/*
 * The first place p of [p, end) where sets[*p] has bit 0 and, unless it is the last, sets[p[1]] has bit 1; or end.
 * nibbles is the same in another form, for machines with a byte shuffle (lm_fill_nibbles).
 */
typedef const lm_u8 *(*lm_sweep_fn)(const lm_u8 *p, const lm_u8 *end, const lm_u8 *sets, const lm_u8 *readable);

static size_t lm_split_scalar(const lm_u8 *p, size_t n, int32_t *ends, lm_u8 *special, size_t room, size_t *done, int *rest) {
    size_t count = 0, start = 0;
    int seen = 0;
    for (size_t i = 0; i < n && count < room; i++) {
        if (p[i] == '\n') {
            ends[count] = (int32_t)i;
            special[count++] = (lm_u8)seen;
            seen = 0;
            start = i + 1;
        } else {
            seen |= lm_is_special(p[i]);
        }
    }
    *done = start;
    *rest = seen;
    return count;
}

static size_t lm_count_scalar(const lm_u8 *p, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += p[i] == '\n';
    return count;
}

static const lm_u8 *lm_sweep_scalar(const lm_u8 *p, const lm_u8 *end, const lm_u8 *sets, const lm_u8 *readable) {
    (void)readable;
    for (; p < end; p++)
        if ((sets[*p] & 1) && (p + 1 >= end || (sets[p[1]] & 2))) return p;
    return end;
}

/* The loop over 64 bytes at a time; NEWLINES and SPECIALS are masks of one bit a byte, "\n" not among the specials. */
#define LM_SPLIT_BODY(MASKS)                                                                                               \
    size_t count = 0, start = 0, i = 0;                                                                                    \
    int seen = 0;                                                                                                          \
    for (; i + 64 <= n && count + 64 <= room; i += 64) {                                                                   \
        uint64_t newlines, specials;                                                                                       \
        MASKS(p + i, newlines, specials);                                                                                  \
        while (newlines) {                                                                                                 \
            int bit = __builtin_ctzll(newlines);                                                                           \
            uint64_t before = (1ull << bit) - 1;                                                                           \
            ends[count] = (int32_t)(i + (size_t)bit);                                                                      \
            special[count++] = (lm_u8)(seen | ((specials & before) != 0));                                                 \
            seen = 0;                                                                                                      \
            specials &= ~before;                                                                                           \
            newlines &= newlines - 1;                                                                                      \
            start = i + (size_t)bit + 1;                                                                                   \
        }                                                                                                                  \
        seen |= specials != 0;                                                                                             \
    }                                                                                                                      \
    for (; i < n && count < room; i++) {                                                                                   \
        if (p[i] == '\n') {                                                                                                \
            ends[count] = (int32_t)i;                                                                                      \
            special[count++] = (lm_u8)seen;                                                                                \
            seen = 0;                                                                                                      \
            start = i + 1;                                                                                                 \
        } else {                                                                                                           \
            seen |= lm_is_special(p[i]);                                                                                   \
        }                                                                                                                  \
    }                                                                                                                      \
    *done = start;                                                                                                         \
    *rest = seen;                                                                                                          \
    return count;

#if defined(LM_SSE2)
#define LM_MASKS_SSE2(q, newlines, specials)                                                                               \
    newlines = specials = 0;                                                                                               \
    for (int part = 0; part < 4; part++) {                                                                                 \
        lm_vec v = lm_load((q) + 16 * part);                                                                               \
        newlines |= (uint64_t)lm_bits(lm_eq(v, lm_fill('\n'))) << (16 * part);                                             \
        specials |= (uint64_t)lm_bits(lm_special(v)) << (16 * part);                                                       \
    }                                                                                                                      \
    specials &= ~newlines

static size_t lm_split_sse2(const lm_u8 *p, size_t n, int32_t *ends, lm_u8 *special, size_t room, size_t *done, int *rest) {
    LM_SPLIT_BODY(LM_MASKS_SSE2)
}

static size_t lm_count_sse2(const lm_u8 *p, size_t n) {
    size_t count = 0, i = 0;
    for (; i + 16 <= n; i += 16) count += (size_t)__builtin_popcount(lm_bits(lm_eq(lm_load(p + i), lm_fill('\n'))));
    return count + lm_count_scalar(p + i, n - i);
}
#endif

#if defined(LM_NEON)
static inline uint64_t lm_bits64(lm_vec a, lm_vec b, lm_vec c, lm_vec d) {
    const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t ab = vpaddq_u8(vandq_u8(a, weights), vandq_u8(b, weights));
    uint8x16_t cd = vpaddq_u8(vandq_u8(c, weights), vandq_u8(d, weights));
    uint8x16_t all = vpaddq_u8(ab, cd);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}
#define LM_MASKS_NEON(q, newlines, specials)                                                                               \
    lm_vec v0 = lm_load(q), v1 = lm_load((q) + 16), v2 = lm_load((q) + 32), v3 = lm_load((q) + 48);                        \
    lm_vec nl = lm_fill('\n');                                                                                             \
    newlines = lm_bits64(lm_eq(v0, nl), lm_eq(v1, nl), lm_eq(v2, nl), lm_eq(v3, nl));                                      \
    specials = lm_bits64(lm_special(v0), lm_special(v1), lm_special(v2), lm_special(v3)) & ~newlines

static size_t lm_split_neon(const lm_u8 *p, size_t n, int32_t *ends, lm_u8 *special, size_t room, size_t *done, int *rest) {
    LM_SPLIT_BODY(LM_MASKS_NEON)
}

static size_t lm_count_neon(const lm_u8 *p, size_t n) {
    size_t count = 0, i = 0;
    for (; i + 16 <= n; i += 16) count += vaddvq_u8(vshrq_n_u8(lm_eq(lm_load(p + i), lm_fill('\n')), 7));
    return count + lm_count_scalar(p + i, n - i);
}
#endif

#if defined(LM_AVX2)
#define LM_MASKS_AVX2(q, newlines, specials)                                                                               \
    __m256i v0 = _mm256_loadu_si256((const __m256i *)(q)), v1 = _mm256_loadu_si256((const __m256i *)((q) + 32));           \
    newlines = (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v0, nl)) |                                       \
               (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v1, nl)) << 32;                                  \
    __m256i s0 = _mm256_or_si256(_mm256_cmpgt_epi8(low, v0),                                                               \
                                 _mm256_or_si256(_mm256_cmpeq_epi8(v0, quote), _mm256_cmpeq_epi8(v0, backslash)));         \
    __m256i s1 = _mm256_or_si256(_mm256_cmpgt_epi8(low, v1),                                                               \
                                 _mm256_or_si256(_mm256_cmpeq_epi8(v1, quote), _mm256_cmpeq_epi8(v1, backslash)));         \
    specials = ((uint64_t)(uint32_t)_mm256_movemask_epi8(s0) | (uint64_t)(uint32_t)_mm256_movemask_epi8(s1) << 32) &       \
               ~newlines

LM_TARGET_AVX2 static size_t lm_split_avx2(const lm_u8 *p, size_t n, int32_t *ends, lm_u8 *special, size_t room,
                                           size_t *done, int *rest) {
    const __m256i nl = _mm256_set1_epi8('\n'), low = _mm256_set1_epi8(0x20);
    const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
    LM_SPLIT_BODY(LM_MASKS_AVX2)
}

LM_TARGET_AVX2 static size_t lm_count_avx2(const lm_u8 *p, size_t n) {
    const __m256i nl = _mm256_set1_epi8('\n');
    size_t count = 0, i = 0;
    for (; i + 32 <= n; i += 32)
        count += (size_t)__builtin_popcount(
            (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(p + i)), nl)));
    return count + lm_count_scalar(p + i, n - i);
}

/*
 * Which of 32 bytes are in a set of bytes: two shuffles look up, by the low four bits of a byte, a row of eight bits, one for
 * each value of the next three bits; the highest bit chooses between the two. (The method is called truffle in Hyperscan.)
 * The rows stand after the 256 entries of sets: 16 for bytes below 0x80 and 16 for the others, for each of the two sets.
 */
LM_TARGET_AVX2 static inline __m256i lm_in_set_avx2(__m256i v, __m256i rows_low, __m256i rows_high) {
    const __m256i bit_of = _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, (char)128, 1, 2, 4, 8, 16, 32, 64, (char)128, 1, 2, 4, 8, 16,
                                            32, 64, (char)128, 1, 2, 4, 8, 16, 32, 64, (char)128);
    /* A shuffle gives 0 for an index whose highest bit is set. */
    __m256i row = _mm256_or_si256(_mm256_shuffle_epi8(rows_low, v),
                                  _mm256_shuffle_epi8(rows_high, _mm256_xor_si256(v, _mm256_set1_epi8((char)0x80))));
    __m256i next_three = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(7));
    __m256i bit = _mm256_shuffle_epi8(bit_of, next_three);
    return _mm256_cmpeq_epi8(_mm256_and_si256(row, bit), bit);
}

LM_TARGET_AVX2 static const lm_u8 *lm_sweep_avx2(const lm_u8 *p, const lm_u8 *end, const lm_u8 *sets,
                                                 const lm_u8 *readable) {
    if (p < end && readable - p >= 33) {
        const lm_u8 *rows = sets + 256;
        const __m256i first_low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)rows));
        const __m256i first_high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(rows + 16)));
        const __m256i second_low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(rows + 32)));
        const __m256i second_high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(rows + 48)));
        /* p + 1 + 32 <= readable; what lies after end - 1 is left to the loop below, since it has no second byte. */
        while (p < end && readable - p >= 33) {
            __m256i one = lm_in_set_avx2(_mm256_loadu_si256((const __m256i *)p), first_low, first_high);
            __m256i two = lm_in_set_avx2(_mm256_loadu_si256((const __m256i *)(p + 1)), second_low, second_high);
            uint32_t found = (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(one, two));
            ptrdiff_t left = end - 1 - p;
            if (left < 32) found &= (1u << left) - 1u;
            if (found) return p + __builtin_ctz(found);
            if (left < 32) {
                p += left;
                break;
            }
            p += 32;
        }
    }
    return lm_sweep_scalar(p, end, sets, readable);
}
#endif

#define LM_SETS_SIZE (256 + 64)

/* Complete sets, of which the first 256 bytes are given: see lm_in_set_avx2. */
static void lm_fill_rows(lm_u8 *sets) {
    lm_u8 *rows = sets + 256;
    memset(rows, 0, 64);
    for (int b = 0; b < 256; b++)
        for (int which = 0; which < 2; which++)
            if (sets[b] & (1 << which)) rows[32 * which + (b >= 0x80 ? 16 : 0) + (b & 15)] |= (lm_u8)(1 << ((b >> 4) & 7));
}

static lm_split_fn lm_split = lm_split_scalar;
static lm_count_fn lm_count = lm_count_scalar;
static lm_sweep_fn lm_sweep = lm_sweep_scalar;

/* Choose the long passes; returns the name of what was chosen. */
static const char *lm_choose(void) {
    const char *wanted = getenv("LOGMATCH_SIMD");
    const char *name = "scalar";
    if (wanted && strcmp(wanted, "scalar") == 0) return name;
#if defined(LM_SSE2)
    lm_split = lm_split_sse2;
    lm_count = lm_count_sse2;
    name = "sse2";
#elif defined(LM_NEON)
    lm_split = lm_split_neon;
    lm_count = lm_count_neon;
    name = "neon";
#endif
    if (wanted && strcmp(wanted, "baseline") == 0) return name;
#if defined(LM_AVX2)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) {
        lm_split = lm_split_avx2;
        lm_count = lm_count_avx2;
        lm_sweep = lm_sweep_avx2;
        name = "avx2";
    }
#endif
    return name;
}

#endif
