"""The bookshop's tools. Save this file to update the running server."""

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from mcp.server.mcpserver import Elicit, Resolve
from pydantic import BaseModel, Field

from server_core import Context, ToolError, prompt, resource, task, tool

SHOP = Path(__file__).with_name("shop.db")
TICKER = Path(__file__).with_name("ticker.log")
CUSTOMERS = ["Ada", "a boy with a dog", "the postman", "Mrs Finch", "a student", "somebody in a hurry"]


@tool(read_only=True)
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool(read_only=True, cached=True)
def find_books(words: str, limit: int = 10) -> list[dict[str, str | float | int]]:
    """Find books by words in the title. The first search is slow, then the result is cached."""
    time.sleep(0.4)  # a slow search, to show what the cache saves
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
    """Sell copies of a book. This changes the tables and the ticker, and notifies clients."""
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
        raise ToolError(f"Not enough stock to sell {copies} of {isbn}; see db://table/low_stock")
    with TICKER.open("a", encoding="utf-8") as ticker:
        ticker.write(f"{date.today()} sold {isbn} x{copies}\n")
    return f"sold {copies} of {isbn}"


@tool(breaker="supplier")
async def ask_supplier(title: str, reachable: bool = True) -> str:
    """Order a book from the supplier. With reachable=false it fails; three failures in a row open the breaker."""
    await asyncio.sleep(0.15)
    if not reachable:
        raise ConnectionError("the supplier does not answer")
    return f"The supplier sends 10 copies of {title!r} tomorrow"


_asked: set[str] = set()


@tool
def quote(title: str) -> dict[str, str | float]:
    """Get a book's price from the supplier. The line is busy every other time, so the workflow retries."""
    time.sleep(0.15)
    if title not in _asked:
        _asked.add(title)
        raise ToolError("The supplier's line is busy")
    _asked.discard(title)
    with sqlite3.connect(f"file:{SHOP}?mode=ro", uri=True) as shop:
        row = shop.execute("select price from books where title = ?", (title,)).fetchone()
    shop.close()
    if row is None:
        raise ToolError(f"The supplier has no book {title!r}")
    return {"title": title, "price": round(row[0] * 0.6, 2)}


class Present(BaseModel):
    """How to wrap a present."""

    paper: Literal["stars", "stripes", "plain"] = "stars"
    ribbon: bool = True
    card: str = Field("", description="Text on the card")


def how() -> Elicit[Present]:
    return Elicit("How should I wrap it?", Present)


@tool
async def wrap(title: str, wish: Annotated[Present, Resolve(how)]) -> str:
    """Wrap a book as a present. Asks the caller how to wrap it while it runs."""
    card = f", with a card: {wish.card}" if wish.card else ""
    return f"{title} in {wish.paper} paper{' and a ribbon' if wish.ribbon else ''}{card}"


@task
async def reindex(ctx: Context, pages: int = 60, seconds: float = 12.0) -> str:
    """Reindex the catalogue page by page, reporting progress. Run it as a long task and try cancelling it."""
    for page in range(1, pages + 1):
        await asyncio.sleep(seconds / pages)
        await ctx.report_progress(page, pages, f"page {page} of {pages}")
    return f"{pages} pages indexed"


@task
async def open_shop(ctx: Context, customers: int = 60, seconds: float = 30.0) -> str:
    """Simulate a day in the shop in half a minute. Follow stream://ticker to watch customers come and buy."""
    sold = 0
    shop = sqlite3.connect(SHOP)
    try:
        for number in range(1, customers + 1):
            await asyncio.sleep(random.uniform(0.4, 1.6) * seconds / customers)
            hour, minute = divmod(9 * 60 + 9 * 60 * number // customers, 60)
            isbn, title, price = shop.execute(
                "select isbn, title, price from books where stock > 0 order by random() limit 1"
            ).fetchone()
            does = random.choice(["buys", "buys", "reads", "asks for", "hides"])
            line = f"{hour:02}:{minute:02}  {random.choice(CUSTOMERS)} {does} {title}"
            if does == "buys":
                line += f"  {price:.2f}"
                with shop:
                    shop.execute("update books set stock = stock - 1 where isbn = ?", (isbn,))
                    shop.execute("insert into orders (isbn, copies, ordered) values (?, 1, date())", (isbn,))
                sold += 1
            with TICKER.open("a", encoding="utf-8") as ticker:
                ticker.write(line + "\n")
            await ctx.report_progress(number, customers, f"{hour:02}:{minute:02}, {sold} sold")
    finally:
        shop.close()
    return f"{customers} customers, {sold} books sold"


@resource("shop://till", mime_type="text/plain")
async def till() -> AsyncIterator[str]:
    """The latest sales, streamed line by line as the till prints them."""
    with sqlite3.connect(f"file:{SHOP}?mode=ro", uri=True) as shop:
        sales = shop.execute(
            "select title, copies, price from orders join books using (isbn) order by id desc limit 15"
        ).fetchall()
    shop.close()
    yield "THE BOOKSHOP\n"
    for title, copies, price in sales:
        await asyncio.sleep(0.05)  # an old till
        yield f"{copies} x {title:<40.40} {copies * price:9.2f}\n"
    yield f"{'SUM':<44} {sum(copies * price for _title, copies, price in sales):9.2f}\n"


@resource("shop://today", mime_type="text/plain")
def today() -> str:
    """The sign on the shop's door."""
    return f"Open until 18:00. Today is {date.today():%A}."


@prompt
def review(title: str, tone: str = "friendly") -> str:
    """Ask for a short review of a book."""
    return f"Write a {tone} review of {title!r} in three sentences, for the shop's window."
