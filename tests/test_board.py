"""`logmatch.run._board`: numbers that processes share."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable

import pytest
from support import HAS_KERNEL

if not HAS_KERNEL:
    pytest.skip("it is not built", allow_module_level=True)

from logmatch.run._board import Board


def numbers_of(board: Board) -> list[int]:
    return [board[place] for place in range(len(board))]


def test_numbers_are_what_they_were_set_to() -> None:
    board = Board(bytearray(8 * 4))
    assert (4, [0, 0, 0, 0]) == (len(board), numbers_of(board))
    board[1] = -5
    board[3] = 1 << 62
    assert [0, -5, 0, 1 << 62] == numbers_of(board)


@pytest.mark.parametrize("place", [-1, 4, 1 << 40])
def test_there_is_nothing_beside_the_board(place: int) -> None:
    board = Board(bytearray(8 * 4))
    uses: list[Callable[[], object]] = [
        lambda: board[place],
        lambda: board.take(place),
        lambda: board.wait(0, 0, place),
    ]
    for use in uses:
        with pytest.raises(IndexError, match="no such place on the board"):
            use()
    with pytest.raises(IndexError):
        board[place] = 1


def test_what_is_taken_is_taken_once() -> None:
    board = Board(mmap.mmap(-1, 4096))
    count, processes = 20_000, []
    for _ in range(2):
        process = os.fork()
        if not process:
            for _ in range(count):
                board.take(0)
            os._exit(0)
        processes.append(process)
    for process in processes:
        assert (process, 0) == os.waitpid(process, 0)
    assert 2 * count == board[0]


def test_waiting_ends_when_the_number_comes_or_cannot_come() -> None:
    board = Board(bytearray(8 * 2))
    board[1] = 100
    assert board.wait(0, 0, 1)
    timer = threading.Timer(0.01, board.__setitem__, (0, 7))  # waiting does not hold the GIL
    timer.start()
    assert board.wait(0, 7, 1)
    timer = threading.Timer(0.01, board.__setitem__, (1, 8))
    timer.start()
    assert not board.wait(0, 8, 1)
    assert board.wait(0, 7, 1), "what is there counts, even where nothing more can come"


def test_a_closed_board_lets_go_of_its_memory() -> None:
    memory = mmap.mmap(-1, 4096)
    board = Board(memory)
    board.close()
    memory.close()
    with pytest.raises(IndexError):
        board[0]
