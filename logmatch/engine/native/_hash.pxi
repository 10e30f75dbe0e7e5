# Hash: TABLE instructions, where the next bytes of a line lead to one of many places: lookup and construction.

cdef struct Slot:
    # A way of TABLE: what the line goes on with (`lm_key`, 64 bits that stand on a multiple of 4 bytes as all of the code),
    # the least variant number that can come of it, where it goes.
    uint32_t[2] key
    int32_t least
    int32_t target


cdef enum:
    LARGE = 9       # log2 of the number of slots of a TABLE from which on they are fetched before they are needed
    AHEAD = 8       # so many lines before


cdef inline const Slot *slot_of(Code at, uint64_t key) noexcept nogil:
    # The only slot of the TABLE at `at` that the key can be in. Each key has a bucket, and each bucket a displacement,
    # which `lay_out_table` has chosen so that no two keys meet.
    cdef int32_t word = at[0]
    cdef int32_t bucket_bits = word >> 16 & 0xF, slot_bits = word >> 24
    cdef uint64_t hash_ = key * lm_load64(at + 1)
    cdef Code displacements = at + 3 + (word >> 12 & 3)
    cdef uint32_t place = <uint32_t>(hash_ << bucket_bits >> (64 - slot_bits))
    place ^= <uint32_t>displacements[hash_ >> (64 - bucket_bits)]
    # SAFETY: both indices have no more bits than there are buckets and slots; displacements have no more bits either.
    return <const Slot *>(displacements + (<Py_ssize_t>1 << bucket_bits)) + place


def lay_out_table(list keys not None, Py_ssize_t at):
    """
    A TABLE instruction that is to stand at the word *at* of the code, and where in it the pair of each key is, in words.

    The keys are different texts of the same 2 to 8 bytes. This is perfect hashing by displacement: Tarjan and Yao, "Storing
    a sparse table" (1979).
    """
    cdef int n = len(keys[0])
    cdef Py_ssize_t count = len(keys), i, size
    cdef int bucket_bits = 1, slot_bits = 1, pad, attempt = 0
    cdef uint64_t multiplier = 0x9E3779B97F4A7C15, number
    cdef uint32_t mask, displacement
    cdef uint8_t[16] text
    cdef list buckets, places
    cdef bytearray words, used
    cdef int32_t *word
    cdef Slot *slots
    while <Py_ssize_t>1 << bucket_bits < count // 4:
        bucket_bits += 1
    while <Py_ssize_t>1 << slot_bits < count + count // 4:
        slot_bits += 1
    if count < 2 or not 2 <= n <= 8 or bucket_bits > 15 or slot_bits > 20:
        raise ValueError("no table can have these keys")
    numbers = []
    for key in keys:
        memset(text, 0, 16)
        memcpy(text, <const char *><bytes>key, <size_t>n)
        numbers.append(lm_key(text, n, text + 16))
    while True:
        mask = (<uint32_t>1 << slot_bits) - 1
        buckets = [[] for _ in range(1 << bucket_bits)]
        for i in range(count):
            buckets[<uint64_t>(<uint64_t>numbers[i] * multiplier) >> (64 - bucket_bits)].append(i)
        places = [0] * count
        displacements = [0] * (1 << bucket_bits)
        used = bytearray(1 << slot_bits)
        for bucket in sorted(range(1 << bucket_bits), key=lambda bucket: -len(buckets[bucket])):
            wanted = [
                <uint32_t>(<uint64_t>(<uint64_t>numbers[i] * multiplier) << bucket_bits >> (64 - slot_bits))
                for i in buckets[bucket]
            ]
            for displacement in range(mask + 1 if len(set(wanted)) == len(wanted) else 0):
                for place in wanted:
                    if used[<uint32_t>place ^ displacement]:
                        break
                else:
                    break
            else:
                break
            displacements[bucket] = displacement
            for i, place in zip(buckets[bucket], wanted):
                places[i] = <uint32_t>place ^ displacement
                used[places[i]] = 1
        else:
            break
        # Another multiplier (odd, of random bits), and sometimes more room.
        multiplier = multiplier * <uint64_t>0xD1342543DE82EF95U + <uint64_t>0x2545F4914F6CDD1EU
        attempt += 1
        if attempt % 8 == 0 and slot_bits < 20:
            slot_bits += 1
    size = 3 + (1 << bucket_bits)
    pad = <int>(-(at + size) & 3)       # slots do not lie across two lines of the cache
    size += pad
    words = bytearray(4 * size + (16 << slot_bits))
    word = <int32_t *><char *>words
    word[0] = TABLE | n << 8 | pad << 12 | bucket_bits << 16 | slot_bits << 24
    memcpy(word + 1, &multiplier, 8)
    for i in range(1 << bucket_bits):
        word[3 + pad + i] = displacements[i]
    slots = <Slot *>(word + size)
    for i in range(1 << slot_bits):
        slots[i].least = UNKNOWN
    for i in range(count):
        number = numbers[i]
        memcpy(slots[<Py_ssize_t>places[i]].key, &number, 8)
    return bytes(words), [size + 4 * place + 2 for place in places]
