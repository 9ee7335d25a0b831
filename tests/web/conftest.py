from tests.web.browser import page

__all__ = ["page"]
