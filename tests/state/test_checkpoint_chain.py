"""What the chained hash of the keys promises."""

from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.state.chain import BLOCK, MARKS, Chain, chain_of


def a_chain(keys: list[str]) -> Chain:
    chain = Chain()
    for key in keys:
        chain.add(key)
    return chain


def test_equal_keys_in_equal_order_agree_and_nothing_else_does() -> None:
    keys = [f"item {number}" for number in range(3 * BLOCK + 5)]
    assert a_chain(keys).agrees_with(a_chain(keys))
    assert not a_chain(keys[1:] + keys[:1]).agrees_with(a_chain(keys))
    assert not a_chain(["ab", "c"]).agrees_with(a_chain(["a", "bc"]))
    assert not a_chain([*keys[:2], "new", *keys[3:]]).agrees_with(a_chain(keys))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40 * BLOCK), st.integers(0, 40 * BLOCK))
def test_a_changed_key_is_found_out_at_the_next_mark(length: int, changed: int) -> None:
    keys = [str(number) for number in range(length)]
    saved = a_chain(keys)
    other = [*keys[:changed], "changed", *keys[changed + 1 :]]
    chain = Chain()
    for position, key in enumerate(other[:length]):
        chain.add(key)
        at_a_mark = not chain.length % saved.spacing or chain.length == length
        if at_a_mark and position >= changed:
            assert not chain.agrees_with(saved)
            return
        assert chain.agrees_with(saved)


def test_its_size_does_not_grow_with_the_keys() -> None:
    chain = a_chain([str(number) for number in range(100_000)])
    assert len(chain.marks) <= MARKS
    assert len(chain.waiting) < BLOCK
    assert a_chain([str(number) for number in range(100_000)]).agrees_with(chain_of(chain.plain()))


def test_a_key_that_is_no_utf8_is_a_key_too() -> None:
    keys = ["\udcff", "\ud800", 'quote " and \\', "new\nline"] * BLOCK
    assert a_chain(keys).agrees_with(chain_of(a_chain(keys).plain()))
