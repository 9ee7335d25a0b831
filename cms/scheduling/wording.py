"""Figures in the sentences of explanations."""

_HUNDREDTH = 0.01


def hours_text(hours: float) -> str:
    """Hours to a hundredth, as people plan with them; less than one to a digit that is not 0."""
    return f"{hours:.1g}" if 0 < abs(hours) < _HUNDREDTH else f"{round(hours, 2):g}"


__all__ = ["hours_text"]
