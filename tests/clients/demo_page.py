"""What a person sees on the demo's page of a vendor's SDK."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

#: Milliseconds; the machine may be busy.
PATIENCE_MS = 20_000


def talk_both_ways(browser: Browser, address: str, vendor: str, *, read: str) -> None:
    """Bob writes by the vendor's SDK, Alice by our chat; each shows the other's words.

    ``read`` is what the SDK's side says once Alice has read.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    try:
        page.goto(f"{address}/vendors/{vendor}/")
        connected = expect(page.get_by_role("status").first, message="the SDK is connected")
        connected.to_contain_text("Connected", timeout=PATIENCE_MS)
        chat = page.frame_locator("iframe")
        page.get_by_label("Message", exact=True).fill(f"Good morning from {vendor}")
        page.get_by_role("button", name="Send").click()
        told = chat.get_by_role("region", name="Messages").get_by_text(f"from {vendor}")
        expect(told).to_be_visible(timeout=PATIENCE_MS)
        line = page.locator("#lines li", has_text=f"from {vendor}")
        expect(line).to_contain_text(read, timeout=PATIENCE_MS)

        chat.get_by_label("Message", exact=True).fill(f"Hello, {vendor}")
        chat.get_by_role("button", name="Send").click()
        answer = page.locator("#lines li", has_text=f"Hello, {vendor}")
        expect(answer).to_contain_text("Alice Moreau", timeout=PATIENCE_MS)
        read_by_bob = chat.get_by_text("Read by 1 of 5")
        expect(read_by_bob).to_be_visible(timeout=PATIENCE_MS)
    finally:
        page.close()
