"""The bookshop's own tools. Change a function and save: the running server takes it over."""

import asyncio
import sqlite3
import time
from datetime import date
from pathlib import Path

from server_core import Context, ToolError, prompt, resource, task, tool

SHOP = Path(__file__).with_name("shop.db")
TICKER = Path(__file__).with_name("ticker.log")


@tool(read_only=True)
async def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@tool(read_only=True, cached=True)
def find_books(words: str, limit: int = 10) -> list[dict[str, str | float | int]]:
    """Finds books by words of their titles. Slow at first, then from the cache."""
    time.sleep(0.4)  # a slow search, so that the cache has something to save
    with sqlite3.connect(f"file:{SHOP}?mode=ro", uri=True) as shop:
        rows = shop.execute(
            "select isbn, title, price, stock from books where title like ? order by title limit ?",
            (f"%{words}%", limit),
        ).fetchall()
    shop.close()
    return [
        {"isbn": isbn, "title": title, "price": price, "stock": stock} for isbn, title, price, stock in rows
    ]


@tool
def sell(isbn: str, copies: int = 1) -> str:
    """Sells copies of a book: the tables and the ticker change, and clients are told."""
    shop = sqlite3.connect(SHOP)
    with shop:
        sold = shop.execute(
            "update books set stock = stock - ? where isbn = ? and stock >= ?", (copies, isbn, copies)
        ).rowcount
        if sold:
            shop.execute(
                "insert into orders (isbn, copies, ordered) values (?, ?, ?)",
                (isbn, copies, date.today().isoformat()),
            )
    shop.close()
    if not sold:
        raise ToolError(f"There are not {copies} copies of {isbn}; db://table/low_stock shows what is short")
    with TICKER.open("a", encoding="utf-8") as ticker:
        ticker.write(f"{date.today()} sold {isbn} x{copies}\n")
    return f"sold {copies} of {isbn}"


@tool(breaker="supplier")
async def ask_supplier(title: str, reachable: bool = True) -> str:
    """Asks the supplier for a book. With reachable=false it fails: three times in a row open the breaker."""
    await asyncio.sleep(0.15)
    if not reachable:
        raise ConnectionError("the supplier does not answer")
    return f"The supplier sends 10 copies of {title!r} tomorrow"


@task
async def reindex(ctx: Context, pages: int = 60, seconds: float = 12.0) -> str:
    """Goes through the catalogue page by page and reports progress. Try it as a long task, and cancel it."""
    for page in range(1, pages + 1):
        await asyncio.sleep(seconds / pages)
        await ctx.report_progress(page, pages, f"page {page} of {pages}")
    return f"{pages} pages indexed"


@resource("shop://today", mime_type="text/plain")
def today() -> str:
    """The note on the shop's door."""
    return f"Open until 18:00. Today is {date.today():%A}."


@prompt
def review(title: str, tone: str = "friendly") -> str:
    """Asks for a short review of a book."""
    return f"Write a {tone} review of {title!r} in three sentences, for the shop's window."
