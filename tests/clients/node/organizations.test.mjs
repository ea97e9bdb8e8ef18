// The pages of organizations: who is in one, and what is kept there.

import { leak, makeToken, row, signInAt, signedInAt } from "./account.mjs";
import { happen, stage } from "./stage.mjs";
import { tour } from "./tour.mjs";

const KIND = "polar_organization_access_token";

const pages = {
  "organizations-none": "/organizations",
  organizations: async ({ page, slug, who }) => {
    await happen("organization", {
      words: ["create", "--slug", slug, "--name", "Analytical Engines", "--owner", who],
    });
    await page.goto(`${stage.issuer}/organizations`);
  },
  organization: async ({ page, here, others }) => {
    for (const [email, role] of others) {
      await page.goto(stage.issuer + here);
      await page.fill("#add-member-email", email);
      await page.selectOption("#add-member-role", role);
      await page.click("#add-member button");
      await page.waitForSelector(`text=${email}`);
    }
  },
  "organization-refused": async ({ page }) => {
    await page.fill("#add-member-email", "nobody@example.com");
    await page.click("#add-member button");
    await page.waitForSelector("#problem");
  },
  "organization-member": async ({ page, here, others }) => {
    await page.goto(stage.issuer + here);
    await row(page, "#members", others[0][0]).locator("a").click();
    await page.waitForSelector("#remove");
  },
  "organization-last-owner": async ({ page, here, who }) => {
    await page.goto(stage.issuer + here);
    await row(page, "#members", who).locator("a").click();
    await page.click("#remove button");
    await page.waitForSelector("#problem");
  },
  "organization-tokens-none": async ({ page, here }) => page.goto(`${stage.issuer}${here}/tokens`),
  "organization-token-new": async ({ page, here }) => page.goto(`${stage.issuer}${here}/tokens/new`),
  "organization-token-made": async ({ page, here }) => {
    await makeToken(page, `${here}/tokens`, "Invoices", { scopes: ["orders:read", "refunds:write"] });
  },
  "organization-tokens": async ({ page, here }) => {
    await leak(await makeToken(page, `${here}/tokens`, "Webshop"), { kind: KIND, tries: 1 });
    await page.goto(`${stage.issuer}${here}/tokens`);
  },
  "organization-exposures": async ({ page, here }) => page.goto(`${stage.issuer}${here}/exposures`),
  "organization-exposure": async ({ page }) => {
    await row(page, "#exposures", "Webshop").locator("h2 a").click();
    await page.waitForSelector("#timeline");
  },
};

tour("organizations", pages, async ({ t, page, language }) => {
  const who = `ada.${language}@analytical-engines.example.com`;
  const slug = `analytical-engines-${language}`;
  const others = [["charles", "admin"], ["luigi", "member"]].map(
    ([name, role]) => [`${name}.${language}@analytical-engines.example.com`, role]);
  for (const [email] of others) await signedInAt(t, email, "/organizations");
  await signInAt(page, who, "/organizations");
  return { who, slug, others, here: `/organizations/${slug}` };
});
