// Whether everybody can read a page: the rules of WCAG 2.1 A and AA, and good practice.

import axe from "axe-core";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
const FORBIDDEN = ["serious", "critical"];

/**
 * What the rules find on a page as it stands: `forbidden` breaches, and `minor` ones.
 * Each says which rule, how many places, the first of them and its mend.
 */
export async function findBarriers(page) {
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(axe.source);
  const violations = await page.evaluate(async (tags) => {
    const options = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"], preload: false };
    const { violations } = await axe.run(document, options);
    return violations.map(({ id, impact, nodes }) => {
      const [{ target, failureSummary }] = nodes;
      const places = nodes.map((node) => node.target.join(" "));
      return { id, impact, places, first: target.join(" "), summary: failureSummary };
    });
  }, TAGS);
  const told = ({ id, impact, places, first, summary }) =>
    `${impact} ${id}, ${places.length} places (${places.slice(0, 4).join("; ")}): ${first}: ${summary}`;
  const isForbidden = ({ impact }) => FORBIDDEN.includes(impact);
  return {
    forbidden: violations.filter(isForbidden).map(told),
    minor: violations.filter((violation) => !isForbidden(violation)).map(told),
  };
}
