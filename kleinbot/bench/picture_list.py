"""What ``bench --pictures`` draws: the same words everywhere, so that sheets can be compared."""

from dataclasses import dataclass

from kleinbot.domain.work import ModelSize


@dataclass(frozen=True)
class AskedPicture:
    """A picture's prompt, and the instruction for the edit that is made from it."""

    prompt: str
    edit: str


_KLEIN = (
    AskedPicture("a red fox in the snow, morning light", "make it a starry night"),
    AskedPicture("a lighthouse on a cliff above a stormy sea", "turn it into a watercolour painting"),
    AskedPicture("an old bicycle leaning against a yellow wall", "make the wall blue"),
    AskedPicture("a bowl of oranges on a blue table, oil painting", "replace the oranges with green apples"),
    AskedPicture('a shop window with the hand-painted words "OPEN LATE"', 'change the words to "CLOSED"'),
    AskedPicture(
        "portrait of an elderly fisherman, black and white photograph", "give him a red woollen hat"
    ),
    AskedPicture("two hands shaping a clay pot on a wheel", "remove the background, leave it plain grey"),
    AskedPicture("three cats asleep on a green sofa", "remove the cat in the middle"),
    AskedPicture("a small robot watering flowers, flat vector illustration", "make the robot orange"),
    AskedPicture("a steaming bowl of ramen seen from above", "add chopsticks to the right of the bowl"),
    AskedPicture("a snowy street in an old town at dusk", "make it a sunny summer day"),
    AskedPicture("a glass chess set, close-up, studio light", "make the pieces of dark wood"),
)
_SHAPES = (
    AskedPicture("a red circle left of a blue square", "make the red circle green"),
    AskedPicture("a huge orange diamond", "turn the diamond into a star"),
    AskedPicture(
        "a green star above a yellow ring on a black background", "make the background a blue gradient"
    ),
    AskedPicture("a red star, a green circle and a purple ring in a row", "remove the green circle"),
    AskedPicture("a striped cyan square below a spotted pink circle", "turn the circle into a triangle"),
    AskedPicture("a small blue triangle in the top left", "make the triangle red"),
    AskedPicture("three black crosses on a pink gradient background", "make the background yellow"),
    AskedPicture(
        "a purple star right of an orange triangle on a checkered green background", "make the star yellow"
    ),
    AskedPicture("a large spotted red ring on a blue background", "turn the ring into a circle"),
    AskedPicture("a cyan diamond above a pink triangle", "remove the pink triangle"),
    AskedPicture("two green squares on a yellow background", "make the background a checkered purple"),
    AskedPicture("a blue cross left of a red diamond on a gray background", "make the cross orange"),
)


def asked_of(size: ModelSize) -> tuple[AskedPicture, ...]:
    """Return the twelve pictures for a model: the small one knows only coloured shapes."""
    return _SHAPES if size is ModelSize.SMALL else _KLEIN
