# cython: language_level=3, wraparound=False
"""
Board: numbers in memory that processes share, of which each is read and written as a whole, and waiting for them.

It knows nothing of what the numbers mean (see `relay`).
"""

from libc.stdint cimport int64_t

cdef extern from *:
    """
    #include <sched.h>
    #include <time.h>

    static inline int64_t lm_get(const int64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    static inline void lm_set(int64_t *p, int64_t value) { __atomic_store_n(p, value, __ATOMIC_RELEASE); }
    static inline int64_t lm_take(int64_t *p) { return __atomic_fetch_add(p, 1, __ATOMIC_ACQ_REL); }

    /* Let others run: at first for no longer than they need to, later for 50 microseconds at a time. */
    static void lm_pause(int round) {
        const struct timespec nap = {0, 50000};
        if (round < 20) sched_yield();
        else nanosleep(&nap, NULL);
    }
    """
    int64_t lm_get(const int64_t *p) noexcept nogil
    void lm_set(int64_t *p, int64_t value) noexcept nogil
    int64_t lm_take(int64_t *p) noexcept nogil
    void lm_pause(int round) noexcept nogil


cdef class Board:
    """
    The numbers in *memory*, a writable buffer of 64-bit words, by their places from 0.

    The board holds the memory until it is closed.
    """

    cdef int64_t[::1] numbers

    def __init__(self, memory):
        self.numbers = memoryview(memory).cast("B").cast("q")

    def close(self):
        """Let go of the memory. The board cannot be used any more."""
        self.numbers = memoryview(bytearray()).cast("q")

    def __len__(self):
        return self.numbers.shape[0]

    cdef int64_t *at(self, Py_ssize_t place) except NULL:
        if not 0 <= place < self.numbers.shape[0]:
            raise IndexError("no such place on the board")
        return &self.numbers[place]     # SAFETY: within the buffer, which self.numbers holds

    def __getitem__(self, Py_ssize_t place):
        return lm_get(self.at(place))

    def __setitem__(self, Py_ssize_t place, int64_t value):
        lm_set(self.at(place), value)

    def take(self, Py_ssize_t place):
        """Return the number and make it one more, in one step."""
        return lm_take(self.at(place))

    def wait(self, Py_ssize_t place, int64_t value, Py_ssize_t end):
        """
        Wait, without the GIL, until the number at *place* is *value*: True; or the one at *end* is not above *value*: False.
        """
        cdef int64_t *number = self.at(place)
        cdef int64_t *barrier = self.at(end)
        cdef int round = 0
        cdef bint is_there
        with nogil:
            while True:
                is_there = lm_get(number) == value
                if is_there or lm_get(barrier) <= value:
                    break
                lm_pause(round)
                if round < 1000:
                    round += 1
        return is_there
