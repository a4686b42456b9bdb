from dataclasses import dataclass, replace

from dermadelta.kernels.memo import once


@dataclass(frozen=True, eq=False)
class Thing:
    size: int


def test_the_same_question_is_worked_out_once_per_object_and_setting():
    asked = []

    def doubled(thing, extra):
        asked.append((thing.size, extra))
        return 2 * thing.size + extra

    thing = Thing(3)
    assert [once(doubled, thing, 1), once(doubled, thing, 1), once(doubled, thing, 5)] == [7, 7, 11]
    assert asked == [(3, 1), (3, 5)]
    assert once(doubled, replace(thing, size=4), 1) == 9
    assert once(doubled, thing, 1) == 7


def test_two_computations_of_one_object_do_not_meet():
    thing = Thing(3)
    assert once(lambda t, _: t.size, thing, None) == 3
    assert once(lambda t, _: -t.size, thing, None) == -3
