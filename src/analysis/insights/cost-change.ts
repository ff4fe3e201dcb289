import { formatDollarsRounded, type NanoUsd } from '../../core/money.ts';
import { wholePercent } from '../../core/percent.ts';
import { amount, sumOf } from './arithmetic.ts';
import type { Insight } from './insight.ts';
import type { Movement, Mover, MoverDimension } from './movers.ts';
import { isWorthSaying } from './worth.ts';

/** What is less of the costs before is no news. */
const MIN_CHANGE_PERCENT = 10n;
/** So much of a change explains it. */
const MIN_EXPLAINED_PERCENT = 50n;

/** The change of a workspace's costs, and what explains it; none where they changed by little. Pure. */
export function costChangeInsight({ total, dimensions }: Movement): Insight[] {
  const { costNanoUsd, beforeNanoUsd, changeNanoUsd } = total;
  const size = absolute(changeNanoUsd);
  if (!isWorthSaying(size, costNanoUsd)) return [];
  if (size * 100n < beforeNanoUsd * MIN_CHANGE_PERCENT) return [];
  const leading = leadingMover({ total, dimensions });
  const { arithmetic } = sumOf([
    amount('costs of the period', costNanoUsd),
    amount('less the costs of the period before', -beforeNanoUsd),
  ]);
  return [
    {
      kind: 'cost-change',
      subject: leading === undefined ? {} : { [leading.dimension]: leading.mover.value },
      title: `Costs ${changeNanoUsd > 0n ? 'rose' : 'fell'} by ${formatDollarsRounded(size)}`,
      text: `${wholeText(total)} ${leading === undefined ? ofWhole(total) : leadingText(leading, changeNanoUsd)}`,
      arithmetic,
    },
  ];
}

type Leading = { dimension: MoverDimension; mover: Mover };

/** The value that explains the change: of the finest dimension in which one explains half of it, else the largest. */
function leadingMover({ total, dimensions }: Movement): Leading | undefined {
  const sign = total.changeNanoUsd > 0n ? 1n : -1n;
  const candidates = dimensions.flatMap(({ dimension, valueCount, movers }): Leading[] => {
    // A single value parts nothing; what names none explains nothing.
    const mover = movers.find(
      ({ value, changeNanoUsd }) => value !== '' && changeNanoUsd * sign > 0n,
    );
    return valueCount < 2 || mover === undefined ? [] : [{ dimension, mover }];
  });
  const size = (one: Leading) => absolute(one.mover.changeNanoUsd);
  const explains = (one: Leading) =>
    size(one) * 100n >= absolute(total.changeNanoUsd) * MIN_EXPLAINED_PERCENT;
  return (
    candidates.find(explains) ??
    candidates.reduce<Leading | undefined>(
      (best, one) => (best === undefined || size(one) > size(best) ? one : best),
      undefined,
    )
  );
}

function wholeText({ costNanoUsd, beforeNanoUsd, changeNanoUsd }: Mover): string {
  const verb = changeNanoUsd > 0n ? 'rose' : 'fell';
  const percent =
    beforeNanoUsd > 0n ? ` (${wholePercent(absolute(changeNanoUsd), beforeNanoUsd)} %)` : '';
  const by = formatDollarsRounded(absolute(changeNanoUsd));
  const [from, to] = [formatDollarsRounded(beforeNanoUsd), formatDollarsRounded(costNanoUsd)];
  return `Costs ${verb} by ${by}${percent}, from ${from} in the period before to ${to}.`;
}

function leadingText({ dimension, mover }: Leading, whole: NanoUsd): string {
  const { value, changeNanoUsd } = mover;
  const size = absolute(changeNanoUsd);
  const share =
    size > absolute(whole)
      ? 'more than all of it, which others offset in part'
      : `${wholePercent(size, absolute(whole))} % of it`;
  const more = changeNanoUsd > 0n ? 'more' : 'less';
  return `The ${dimension} ${value} cost ${formatDollarsRounded(size)} ${more}, ${share}: ${reasonText(mover)}.`;
}

/** The reason of a change that nothing parts. */
function ofWhole(total: Mover): string {
  const text = reasonText(total);
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}.`;
}

const countText = (count: bigint | number) => count.toLocaleString('en-US');

/** Why it costs another amount: what the number of requests makes of it, and what the cost of one. */
function reasonText(mover: Mover): string {
  const { because, requests, requestsBefore, volumeNanoUsd, rateNanoUsd } = mover;
  const made = (what: string, nanoUsd: NanoUsd) => {
    const sign = nanoUsd < 0n ? '-' : '+';
    return nanoUsd === 0n ? [] : [`${what} ${sign}${formatDollarsRounded(absolute(nanoUsd))}`];
  };
  const volume = made(
    `${countText(requestsBefore)} requests before and ${countText(requests)} now make`,
    volumeNanoUsd,
  );
  const rate = made('what a request costs makes', rateNanoUsd);
  switch (because) {
    case 'new':
      return 'it cost nothing before';
    case 'gone':
      return 'it costs nothing any more';
    case 'requests':
    case 'unchanged':
      return [...volume, ...rate].join(', ');
    case 'cost-per-request':
      return [...rate, ...volume].join(', ');
  }
}

function absolute(nanoUsd: NanoUsd): NanoUsd {
  return nanoUsd < 0n ? -nanoUsd : nanoUsd;
}
