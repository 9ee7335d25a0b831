"""Reviews for notebooks, read, drawn and put in words: what the gate held back, and today's schedule."""

from cms.charts.drawings import chart_daily_load, chart_held_back_rows
from cms.charts.quality_review import QualityReview, conclude_quality
from cms.charts.reading import review_quality, review_schedule
from cms.charts.schedule_review import ScheduleReview, conclude_schedule

__all__ = [
    "QualityReview",
    "ScheduleReview",
    "chart_daily_load",
    "chart_held_back_rows",
    "conclude_quality",
    "conclude_schedule",
    "review_quality",
    "review_schedule",
]
