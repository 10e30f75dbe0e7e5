# Blocks: the rows of a table as bytes that describe themselves, on their way from a worker to whoever writes them.
#
#     BlockHead, then for each column that is not all null a ColumnHead, then their buffers, each filled up to 8 bytes:
#     INTEGER, DOUBLE, TIME   valid, numbers
#     ID                      valid, ids
#     TEXT                    valid, offsets, data
#     PAIRS                   valid, offsets, offsets of keys, keys, offsets of values, values
#
# `blocks.block_of` says the same in Python. Numbers are those of the machine: a block stays on it.

cdef enum:
    BUFFERS = 6


cdef struct BlockHead:
    int64_t size        # bytes of all of it
    int64_t rows
    int32_t table       # which of the tables of the run
    int32_t columns     # how many are here


cdef struct ColumnHead:
    int32_t place       # which column of the table
    int32_t kind
    int64_t values      # rows that are not null
    int64_t[BUFFERS] sizes


cdef inline int64_t padded(int64_t size) noexcept nogil:
    return (size + 7) & ~<int64_t>7


cdef int buffers_of(const Column *column, int64_t rows, const void **buffers, int64_t *sizes) noexcept nogil:
    # What a block holds of a column that has been filled up to *rows*; returns how many buffers.
    cdef const Column *keys
    cdef const Column *values
    buffers[0] = column.valid
    sizes[0] = (rows + 7) // 8
    if column.kind == ID:
        buffers[1] = column.ids
        sizes[1] = 4 * rows
        return 2
    if column.offsets == NULL:
        buffers[1] = column.numbers
        sizes[1] = 8 * rows
        return 2
    buffers[1] = column.offsets
    sizes[1] = 4 * (rows + 1)
    if column.kind == TEXT:
        buffers[2] = column.data
        sizes[2] = column.size
        return 3
    keys = &column.inner[0]
    values = &column.inner[1]
    buffers[2] = keys.offsets
    sizes[2] = 4 * (keys.length + 1)
    buffers[3] = keys.data
    sizes[3] = keys.size
    buffers[4] = values.offsets
    sizes[4] = 4 * (values.length + 1)
    buffers[5] = values.data
    sizes[5] = values.size
    return 6


cdef int64_t block_size(Store *store) except -1 nogil:
    # Fills the columns that have values up to the last row; returns how many bytes their block has.
    cdef const void *buffers[BUFFERS]
    cdef int64_t sizes[BUFFERS]
    cdef int64_t size = sizeof(BlockHead)
    cdef Py_ssize_t i
    cdef int k
    for i in range(store.count):
        if store.columns[i].values:
            begin_row(&store.columns[i], store.rows)
            size += <int64_t>sizeof(ColumnHead)
            for k in range(buffers_of(&store.columns[i], store.rows, buffers, sizes)):
                size += padded(sizes[k])
    return size


cdef void put_block(uint8_t *to, int64_t size, int32_t table, const Store *store) noexcept nogil:
    # SAFETY: *size* is what `block_size` gave for the same store, and `to` has room for it.
    cdef const Column *columns = store.columns
    cdef Py_ssize_t count = store.count
    cdef int64_t rows = store.rows
    cdef const void *buffers[BUFFERS]
    cdef BlockHead *head = <BlockHead *>to
    cdef ColumnHead *column_head = <ColumnHead *>(to + sizeof(BlockHead))
    cdef uint8_t *data
    cdef Py_ssize_t i
    cdef int k, n
    head.size = size
    head.rows = rows
    head.table = table
    head.columns = 0
    for i in range(count):
        head.columns += columns[i].values > 0
    data = <uint8_t *>(column_head + head.columns)
    for i in range(count):
        if columns[i].values == 0:
            continue
        memset(column_head, 0, sizeof(ColumnHead))
        column_head.place = <int32_t>i
        column_head.kind = columns[i].kind
        column_head.values = columns[i].values
        n = buffers_of(&columns[i], rows, buffers, column_head.sizes)
        for k in range(n):
            if column_head.sizes[k]:
                memcpy(data, buffers[k], <size_t>column_head.sizes[k])
            memset(data + column_head.sizes[k], 0, <size_t>(padded(column_head.sizes[k]) - column_head.sizes[k]))
            data += padded(column_head.sizes[k])
        column_head += 1


cdef int add_bits(uint8_t *to, int64_t at, const uint8_t *bits, int64_t count) noexcept nogil:
    # SAFETY: `to` has room for (at + count + 7) // 8 + 1 bytes, and those bits are 0.
    cdef int64_t i, size = (count + 7) // 8
    cdef int shift = <int>(at & 7)
    cdef uint8_t byte
    to += at >> 3
    for i in range(size):
        byte = bits[i]
        if i == size - 1 and count & 7:
            byte &= <uint8_t>((1 << (count & 7)) - 1)
        to[i] |= <uint8_t>(byte << shift)
        if shift:
            to[i + 1] |= <uint8_t>(byte >> (8 - shift))
    return 0


cdef int add_offsets(int32_t *to, int32_t begin, const uint8_t *offsets, int64_t count, int64_t end) noexcept nogil:
    # Sets *count* offsets after the one that is *begin*; 0 if those of the block are not in order up to *end*.
    cdef int32_t before, offset
    cdef int64_t i
    memcpy(&before, offsets, 4)
    if before != 0:
        return 0
    for i in range(1, count + 1):
        memcpy(&offset, offsets + 4 * i, 4)
        if offset < before:
            return 0
        before = offset
        to[i] = begin + offset
    return before == end


cdef int add_texts(
    Column *column, int64_t row, int64_t count, const uint8_t *offsets, int64_t offsets_size, const uint8_t *data, int64_t size
) except -1 nogil:
    # *count* rows of TEXT from *row* on, their bits not set. Returns 0 where they are not in order.
    if offsets_size != 4 * (count + 1):
        return 0
    begin_row(column, row)
    if row + count > column.room:
        grow(column, row + count)
    make_room_for_text(column, size)
    if not add_offsets(column.offsets + row, <int32_t>column.size, offsets, count, size):
        return 0
    if size:
        memcpy(column.data + column.size, data, <size_t>size)
    column.size += size
    column.length = row + count
    return 1


cdef int add_block(Store *store, const uint8_t *block, int64_t size) except -1 nogil:
    # The rows of *block* after those that there are. Returns 0 where it is no block of these columns.
    cdef Column *columns = store.columns
    cdef Py_ssize_t count = store.count
    cdef int64_t row = store.rows
    cdef BlockHead head
    cdef ColumnHead column_head
    cdef const uint8_t *heads = block + sizeof(BlockHead)
    cdef const uint8_t *buffers[BUFFERS]
    cdef const int64_t *sizes = column_head.sizes
    cdef Column *column
    cdef int64_t at, rows, pairs
    cdef int32_t i
    cdef int k
    # SAFETY: each buffer is read within its size, which ends within the block.
    if size < <int64_t>sizeof(BlockHead):
        return 0
    memcpy(&head, block, sizeof(BlockHead))
    rows = head.rows
    if head.size != size or not 0 <= rows <= MOST_OFFSET or not 0 <= head.columns <= count:
        return 0
    at = <int64_t>sizeof(BlockHead) + head.columns * <int64_t>sizeof(ColumnHead)
    if at > size:
        return 0
    for i in range(head.columns):
        memcpy(&column_head, heads + i * <int64_t>sizeof(ColumnHead), sizeof(ColumnHead))
        if not 0 <= column_head.place < count or columns[column_head.place].kind != column_head.kind:
            return 0
        column = &columns[column_head.place]
        if column.length > row or not 0 < column_head.values <= rows:
            return 0
        for k in range(BUFFERS):
            if not 0 <= sizes[k] <= size - at:
                return 0
            buffers[k] = block + at
            at += padded(sizes[k])
            if at > size:
                return 0
        if sizes[0] != (rows + 7) // 8:
            return 0
        if column.kind == TEXT:
            if not add_texts(column, row, rows, buffers[1], sizes[1], buffers[2], sizes[2]):
                return 0
        elif column.kind == PAIRS:
            pairs = sizes[2] // 4 - 1
            if pairs < 0 or sizes[1] != 4 * (rows + 1) or sizes[2] != 4 * (pairs + 1):
                return 0
            begin_row(column, row)
            if row + rows > column.room:
                grow(column, row + rows)
            if column.inner[0].length + pairs > MOST_OFFSET or not add_offsets(
                column.offsets + row, <int32_t>column.inner[0].length, buffers[1], rows, pairs
            ):
                return 0
            if not add_texts(&column.inner[0], column.inner[0].length, pairs, buffers[2], sizes[2], buffers[3], sizes[3]):
                return 0
            if not add_texts(&column.inner[1], column.inner[1].length, pairs, buffers[4], sizes[4], buffers[5], sizes[5]):
                return 0
            column.length = row + rows
        else:
            if sizes[1] != rows * (4 if column.kind == ID else 8):
                return 0
            begin_row(column, row)
            if row + rows > column.room:
                grow(column, row + rows)
            if column.kind == ID:
                memcpy(column.ids + row, buffers[1], <size_t>sizes[1])
            else:
                memcpy(column.numbers + row, buffers[1], <size_t>sizes[1])
            column.length = row + rows
        add_bits(column.valid, row, buffers[0], rows)
        column.values += column_head.values
    store.rows += rows
    return at == size
