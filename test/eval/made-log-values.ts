/** Makes one value of a sort. */
export type Fill = () => string;

const USERS =
  'root alice bob webmaster ftp mysql git postgres admin deploy news cyrus test guest oracle nagios backup www-data jenkins carol dave erin frank operator svc_batch u1001 test9';
const WORDS =
  'storage billing network cache scheduler session volume display input battery sensor media account backup search message camera audio job report';
const SLUGS =
  'acme globex initech umbrella stark wayne hooli wonka cyberdyne soylent-eu acme-prod team-7';
const CLASS_ENDS = 'Manager Service Activity Handler Worker Controller View';
const TOOLS = 'web_search run_sql read_file send_mail browse python';

/** What stands in the statements of `made-logs.txt`, by name; lists are drawn from with a long tail. */
export function fillings(random: () => number): Record<string, Fill> {
  const int = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const digits = (low: number, high: number) => String(int(low, high));
  const pick = (from: readonly string[]) => from[Math.floor(random() ** 1.6 * from.length)]!;
  const one = (list: string) => () => pick(list.split(' '));
  const many = (count: number, of: Fill, between = '') =>
    Array.from({ length: count }, of).join(between);
  const hex = (length: number) => many(length, () => '0123456789abcdef'[int(0, 15)]!);
  const [user, word, slug, end] = [one(USERS), one(WORDS), one(SLUGS), one(CLASS_ENDS)];
  const cap = (text: string) => text[0]!.toUpperCase() + text.slice(1);
  const camel = () => word() + end();
  const ip = () => `${int(1, 223)}.${digits(0, 255)}.${digits(0, 255)}.${digits(1, 254)}`;
  const clock = () => `${int(10, 23)}:${int(10, 59)}:${int(10, 59)}.${int(100, 999)}`;
  const decimal = () => (random() * int(1, 5000)).toFixed(int(1, 6));
  const uuid = () => [8, 4, 4, 4, 12].map(hex).join('-');
  const hadoop = () => `1445144423722_00${int(10, 40)}`;
  const host = () =>
    pick([
      `ns.${hex(6)}x.com`,
      `host${int(1, 99)}.${word()}.net`,
      `${word()}.${word()}.co.uk`,
      `cp-1.slow${int(1, 9)}.cloudlab.us`,
      `mail.${word()}.org`,
    ]);
  const node = () =>
    pick([
      `node-${int(0, 255)}`,
      `dn${int(1, 900)}`,
      `rack-sa-${int(1, 60)}`,
      `storage${int(100, 999)}`,
      `gige${int(1, 9)}`,
    ]);
  const hexes = Object.fromEntries(
    [1, 2, 3, 4, 6, 7, 8, 9, 12, 14].flatMap((length) => [
      [`hex${length}`, () => hex(length)],
      [`h${length}`, () => hex(length)],
    ]),
  );
  return {
    ...hexes,
    hexlong: () => hex(32),
    int: () => (int(0, 9) < 3 ? digits(0, 9999) : digits(1000, 99999999)),
    d: () => digits(0, 40),
    neg: () => digits(-50, 50),
    long: () => digits(1400, 1600) + digits(100000000, 999999999),
    float: decimal,
    port: () => digits(1024, 65535),
    dd: () => digits(10, 28),
    ver: () => `${int(1, 6)}.${int(0, 9)}.${int(1000, 9999)}.${int(10000, 29999)}`,
    uuid,
    guid: uuid,
    user,
    word,
    slug: () => slug() + (random() < 0.3 ? `-${word()}` : ''),
    tool: one(TOOLS),
    Camel: () => cap(camel()),
    camel,
    CAPS: () => `${word().toUpperCase()}_${pick(['ON', 'OFF', 'CHANGED', 'TICK', 'READY'])}`,
    pkg: () => `com.${pick(['android', 'example', 'vendor'])}.${word()}`,
    class: () => `org.example.mapreduce.${word()}.${cap(camel())}`,
    tag: () => pick(['View Lock', 'ACK_WL', '*launch*', 'AudioMix', 'Location Update']),
    nul: () => pick(['null', 'WorkSource{10113}']),
    bool: () => pick(['true', 'false']),
    Bool: () => pick(['False', 'True']),
    onoff: () => pick(['on', 'off']),
    axis: () => pick(['x+', 'y-', 'z+']),
    status: () => pick(['200', '404', '502', '503']),
    zkstate: () => pick(['LOOKING', 'FOLLOWING', 'LEADING']),
    person: () => pick(['Dave Jones', 'Jeff Hartmann']),
    nic: () => pick(['eth0', 'eth1', 'en0', 'en1', 'alt0', 'ib0']),
    sd: () => pick(['sda1', 'hda3', 'dm-0', 'hdb2']),
    ip,
    host,
    hostip: () => (random() < 0.6 ? ip() : host()),
    hostport: () =>
      `${pick([ip(), 'proxy.cse.example.hk', `www.${word()}.com`, `mail.${word()}.com.cn`])}:${pick(['80', '443', '5070'])}`,
    node,
    email: () => `${user()}@${word()}.com`,
    url: () => `https://${word()}.example.com/${word()}?id=${hex(6)}&x=${int(1, 9)}`,
    mac: () => many(6, () => hex(2), ':'),
    pci: () => `0000:0${int(0, 9)}:${hex(2)}.${int(0, 7)}`,
    loc: () => `R${int(10, 77)}-M${int(0, 1)}-N${int(0, 9)}-C:J${int(10, 17)}-U${int(10, 11)}`,
    nodesets: () => many(int(2, 8), () => `${node()} 0x${hex(10)} <ok>`, ' '),
    path: () =>
      pick([
        '/etc/cron.hourly',
        `/home/${user()}/runs/${int(1, 99)}mps/${word()}`,
        `/var/lib/${word()}/${hex(12)}`,
        `/usr/lib/${word()}/${word()}.so`,
        `/tmp/${word()}`,
      ]),
    file: () => word() + pick(['.cpp', '.properties', '.conf']),
    date: () =>
      `${pick(['Sun', 'Mon', 'Tue'])} Jun ${digits(1, 30).padStart(2)} 0${int(1, 9)}:${int(10, 59)}:${int(10, 59)} 2005`,
    clock,
    life: () => pick(['<1 sec', `00:${int(10, 59)}`, `0${int(1, 9)}:${int(10, 59)}`, '01:02:17']),
    dur: () =>
      pick([
        `${int(1, 900)}ms`,
        `${(random() * 60).toFixed(1)}s`,
        `${int(2, 59)} seconds`,
        `${int(1, 9)}m${int(1, 59)}s`,
      ]),
    size: () =>
      pick([`${int(1, 900)} MB`, `${(random() * 9).toFixed(1)}GiB`, `${int(1, 900)}.5 KB`, '93 B']),
    attempt: () => `attempt_${hadoop()}_m_0000${int(10, 60)}_${int(0, 3)}`,
    task: () => `task_${hadoop()}_m_0000${int(10, 60)}`,
    job: () => `job_${hadoop()}`,
    container: () => `container_${hadoop()}_01_0000${int(10, 60)}`,
    jvm: () => `jvm_${hadoop()}_m_0000${int(10, 60)}`,
    id: () => hex(8).toUpperCase() + int(10, 99),
    id5: () => many(5, () => 'bcdfghjklmnpqrstvwxz2456789'[int(0, 26)]!),
  };
}
