# Pairs: the keys and values of a text of pairs, as `pair_grammar.PairForm.convert` finds them.

cdef enum:
    MOST_MARK = 16
    FEW_PAIRS = 16


cdef struct Marks:
    # How pairs are written: the separator (empty: spaces and tabs) and the sign between key and value.
    uint8_t[MOST_MARK] separator
    uint8_t[MOST_MARK] assign
    int32_t separator_size
    int32_t assign_size


cdef struct Pair:
    Text key
    Text key_end
    Text value
    Text value_end
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
    if not (len(separator) <= MOST_MARK and 0 < len(assign) <= MOST_MARK):
        raise ValueError("a mark is too long")
    memcpy(marks.separator, <const char *>separator, <size_t>len(separator))
    memcpy(marks.assign, <const char *>assign, <size_t>len(assign))
    marks.separator_size = <int32_t>len(separator)
    marks.assign_size = <int32_t>len(assign)
    return 0


cdef inline bint is_space(uint8_t byte) noexcept nogil:
    return byte == c' ' or byte == c'\t'


cdef inline Text skip_around(Text p, Text end, uint8_t separator) noexcept nogil:
    # Blanks around a separator; a tab that separates is none of them.
    while p < end and is_space(p[0]) and p[0] != separator:
        p += 1
    return p


cdef inline bint same_key(const Pair *one, const Pair *other) noexcept nogil:
    cdef Py_ssize_t size = one.key_end - one.key
    return size == other.key_end - other.key and memcmp(<const void *>one.key, <const void *>other.key, <size_t>size) == 0


cdef int find_pairs(Pairs *pairs, const Marks *marks, Text p, Text end) except -1 nogil:
    # Those of the text from p to end; of a key that comes again the first has `last`, the others -1.
    cdef Py_ssize_t count = 0
    cdef Pair *pair
    cdef const uint8_t *separator = <const uint8_t *>marks.separator
    cdef uint8_t mark = separator[0] if marks.separator_size else 0
    while p < end:
        if count == pairs.room:
            make_room_for_pairs(pairs)
        pair = &pairs.items[count]
        pair.key = p
        while p < end and p[0] != marks.assign[0]:
            p += 1
        pair.key_end = p
        p += marks.assign_size
        if p >= end:
            p = end
        if p < end and p[0] == c'"':
            pair.value = p + 1
            p += 1
            while p < end and p[0] != c'"':
                p += 2 if p[0] == c'\\' else 1
            if p > end:
                p = end
            pair.value_end = p
            if p < end:
                p += 1
        else:
            pair.value = p
            if marks.separator_size == 0:
                while p < end and not is_space(p[0]):
                    p += 1
            else:
                while p < end and not (
                    p[0] == separator[0] and end - p >= marks.separator_size
                    and memcmp(<const void *>p, <const void *>separator, <size_t>marks.separator_size) == 0
                ):
                    p += 1
            pair.value_end = p
        count += 1
        p = skip_around(p, end, mark)
        if p < end and marks.separator_size:
            p = skip_around(p + marks.separator_size, end, mark) if end - p >= marks.separator_size else end
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
