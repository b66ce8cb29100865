"""CUDA graphs: a pass recorded once for a shape, and replayed without launching its kernels one by one."""

from collections.abc import Callable, Sequence

import torch


class Captured:
    """A recorded ``run`` over fixed buffers; calling it copies the inputs in and replays it.

    The result is a fixed buffer too: it is overwritten by the next call.
    """

    def __init__(
        self,
        run: Callable[..., torch.Tensor],
        inputs: Sequence[torch.Tensor],
    ) -> None:
        """Run once for kernels to be chosen and compiled, then record.

        Only this thread's work is recorded: other threads may use the GPU meanwhile.
        """
        self._inputs = [each.clone() for each in inputs]
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            run(*self._inputs)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._result = run(*self._inputs)

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        for buffer, given in zip(self._inputs, inputs, strict=True):
            buffer.copy_(given)
        self._graph.replay()
        return self._result
