# Pairs: the keys and values of a text of pairs, as `pair_grammar.PairForm.convert` finds them.

cdef extern from "_pairs.h" nogil:
    ctypedef struct Marks "lm_marks":
        uint8_t *separator
        uint8_t *assign
        int32_t separator_size
        int32_t assign_size
    enum:
        MOST_MARK "LM_MOST_MARK"
    Text lm_key_end(Text p, Text end, const Marks *marks, Text readable)
    Text lm_closing_quote(Text p, Text end, Text readable)
    Text lm_bare_end(Text p, Text end, const Marks *marks, Text readable)
    Text lm_next_pair(Text p, Text end, const Marks *marks)
    Text lm_cef_key_end(Text p, Text end)
    Text lm_cef_value_end(Text p, Text end, Text readable, Text *key_end)

cdef enum:
    FEW_PAIRS = 16


cdef struct Pair:
    Text key
    Text key_end
    Text value
    Text value_end
    uint64_t begin      # the first bytes of the key, at most eight
    int32_t last        # of the pairs with this key, the number of the last; -1: this is not the first of them


cdef struct Pairs:
    # The pairs of one text, in memory that is used again for the next. All zeros but for the seed: none, and no memory.
    Pair *items
    Py_ssize_t count, room
    int32_t *table              # hash table of keys: one more than the number of a pair
    Py_ssize_t table_room
    uint64_t seed               # of the hashes of keys, which differs from process to process


cdef void free_pairs(Pairs *pairs) noexcept nogil:
    free(pairs.items)
    free(pairs.table)
    pairs.items = NULL
    pairs.table = NULL
    pairs.room = pairs.table_room = pairs.count = 0


cdef int set_marks(Marks *marks, bytes separator, bytes assign) except -1:
    # Without an assignment sign, pairs are those of CEF.
    if max(len(separator), len(assign)) > MOST_MARK:
        raise ValueError("a mark is too long")
    memcpy(marks.separator, <const char *>separator, <size_t>len(separator))
    memcpy(marks.assign, <const char *>assign, <size_t>len(assign))
    marks.separator_size = <int32_t>len(separator)
    marks.assign_size = <int32_t>len(assign)
    return 0


cdef inline bint same_key(const Pair *one, const Pair *other) noexcept nogil:
    cdef Py_ssize_t size = one.key_end - one.key
    return (
        one.begin == other.begin and size == other.key_end - other.key
        and (size <= 8 or memcmp(<const void *>one.key, <const void *>other.key, <size_t>size) == 0)
    )


cdef int find_pairs(Pairs *pairs, const Marks *marks, Text p, Text end, Text readable) except -1 nogil:
    # Those of the text from p to end; of a key that comes again the first has `last`, the others -1.
    cdef Py_ssize_t count = 0, size
    cdef Pair *pair
    cdef Text q
    while p != NULL and p < end:
        if count == pairs.room:
            make_room_for_pairs(pairs)
        pair = &pairs.items[count]
        count += 1
        pair.key = p
        pair.key_end = lm_key_end(p, end, marks, readable) if marks.assign_size else lm_cef_key_end(p, end)
        size = pair.key_end - p
        pair.begin = lm_key(p, <int>(size if size < 8 else 8), readable) if size > 0 else 0
        # SAFETY: columns that another made may have any text: no place goes beyond its end.
        p = pair.key_end + (marks.assign_size if marks.assign_size else 1)
        if p > end:
            p = end
        pair.value = p
        if marks.assign_size == 0:
            p = lm_cef_value_end(p, end, readable, &q)
            pair.value_end = p
        elif p < end and p[0] == c'"':
            pair.value = p + 1
            q = lm_closing_quote(p + 1, end, readable)
            pair.value_end = end if q == NULL else q
            p = end if q == NULL else q + 1
        else:
            p = lm_bare_end(p, end, marks, readable)
            pair.value_end = p
        p = lm_next_pair(p, end, marks)
    pairs.count = count
    return find_last(pairs)


cdef int find_last(Pairs *pairs) except -1 nogil:
    # For each pair that is the first with its key, the last with it.
    cdef Py_ssize_t count = pairs.count, i, k, size = 64
    cdef uint64_t hash_
    cdef Text p
    cdef Pair *pair
    if count <= FEW_PAIRS:
        for i in range(count):
            pairs.items[i].last = <int32_t>i
            for k in range(i):
                if pairs.items[k].last >= 0 and same_key(&pairs.items[k], &pairs.items[i]):
                    pairs.items[k].last = <int32_t>i
                    pairs.items[i].last = -1
                    break
        return 0
    while size < 2 * count:
        size *= 2
    if size > pairs.table_room:
        free(pairs.table)
        pairs.table_room = 0
        pairs.table = <int32_t *>malloc(<size_t>size * sizeof(int32_t))
        if pairs.table == NULL:
            with gil:
                raise MemoryError
        pairs.table_room = size
    memset(pairs.table, 0, <size_t>size * sizeof(int32_t))
    for i in range(count):
        pair = &pairs.items[i]
        pair.last = <int32_t>i
        hash_ = pairs.seed
        p = pair.key
        while p < pair.key_end:
            hash_ = (hash_ ^ p[0]) * <uint64_t>0x9E3779B97F4A7C15
            hash_ ^= hash_ >> 29
            p += 1
        k = <Py_ssize_t>(hash_ & <uint64_t>(size - 1))
        while pairs.table[k]:
            if same_key(&pairs.items[pairs.table[k] - 1], pair):
                pairs.items[pairs.table[k] - 1].last = <int32_t>i
                pair.last = -1
                break
            k = (k + 1) & (size - 1)
        if pair.last >= 0:
            pairs.table[k] = <int32_t>i + 1
    return 0


cdef int make_room_for_pairs(Pairs *pairs) except -1 nogil:
    cdef Py_ssize_t room = 2 * pairs.room if pairs.room else 32
    cdef void *moved = realloc(pairs.items, <size_t>room * sizeof(Pair))
    if moved == NULL:
        with gil:
            raise MemoryError
    pairs.items = <Pair *>moved
    pairs.room = room
    return 0
