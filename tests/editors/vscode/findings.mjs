// What a person sees of findings: marks, messages, hovers, and the chain into other files.
import assert from "node:assert/strict";

export function findings(inProject, makeProject) {
  inProject("a finding is marked, told and explained", () => makeProject("web-service"), async (code) => {
    await code.openFile("app/routers/orders.py");
    await code.squiggle("error").waitFor({ timeout: 60_000 });
    await code.goTo(30, 25);
    const hover = await code.hover();
    const text = await hover.textContent();
    assert.match(text, /settle\(\) leads to asyncio\.run\(\) 3 calls down, which raises here/);
    await code.picture("hover");
    await code.hideHover();
    await code.problems();
    await code.picture("problems");
  });
}
