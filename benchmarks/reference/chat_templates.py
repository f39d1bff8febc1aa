"""Renders chat templates as Hugging Face transformers does; our Jinja is held to it, character by character.

    python benchmarks/reference/chat_templates.py            (transformers 5.23, jinja2 3.1.6)

Reads datasets/src/test/resources/chat/templates/*.jinja and writes expected.json beside them:
`chats` (every template over every conversation), `snippets` (single expressions over fixed values).
Templates, conversations and snippets are written for this test.
"""

import datetime
import json
import pathlib

from transformers.utils import chat_template_utils

HERE = pathlib.Path(__file__).resolve().parents[2] / "datasets/src/test/resources/chat"
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}


class Then(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 3, 7, 9, 5, 8)


chat_template_utils.datetime = Then

SYSTEM = {"role": "system", "content": "  You are terse. \n"}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "find_order",
            "description": "Looks an order up <by id> & \"état\"",
            "parameters": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "limit": {"type": "number", "default": 1.5}},
                "required": [],
            },
        },
    },
    {"type": "function", "function": {"name": "時刻", "parameters": {}}},
]


def user(text):
    return {"role": "user", "content": text}


def bot(text, *calls):
    message = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {"id": f"call_{i}", "type": "function", "function": {"name": n, "arguments": a}} for i, (n, a) in enumerate(calls)
        ]
    return message


def tool(text, call="call_0"):
    return {"role": "tool", "tool_call_id": call, "content": text}


CALL = ("find_order", {"id": "A-1", "limit": 2, "deep": {"x": [1, 2.0, None, True, "é\n\"<"]}})
CONVERSATIONS = [
    {"messages": [user("Hi"), bot("Hello.")]},
    {"messages": [SYSTEM, user("Hi"), bot("Hello.")]},
    {"messages": [user("Hi")]},
    {"messages": [SYSTEM]},
    {"messages": [bot("Welcome!"), user("Hi"), bot("So?")]},
    {"messages": [user("  spaces \n"), bot("\n kept? \t ")]},
    {"messages": [user("日本語 👋🏽"), bot("はい — 𝒳é")]},
    {"messages": [user("<b>&\"quotes\"' {{ not.a.tag }} {% nor %} this"), bot("{# no #} \\n \\")]},
    {"messages": [user("a"), user("b"), bot("c")]},
    {"messages": [user("1"), bot("2"), user("3"), bot("4"), user("5"), bot("6"), user("7")]},
    {"messages": [user("think"), bot("<think>\nhm\n</think>\n\nyes"), user("more"), bot("<think>\nhm hm\n</think>\n\nno")]},
    {"messages": [user("think"), bot("<think>\nunclosed")]},
    {"messages": [user("order A-1?"), bot("", CALL), tool('{"state": "sent"}'), bot("It is sent.")], "tools": TOOLS},
    {"messages": [SYSTEM, user("order A-1?"), bot("Let me look.", CALL), tool("sent"), bot("Sent.")], "tools": TOOLS},
    {"messages": [user("both?"), bot("", CALL, ("時刻", {})), tool("sent"), tool("12:00", "call_1"), bot("Sent at noon.")], "tools": TOOLS},
    {"messages": [user("null"), bot(None, CALL), tool("x"), bot("y")]},
    {"messages": [user("text arguments"), bot("", ("find_order", '{"id": 1}')), tool("x")]},
    {"messages": [user("no tools called"), bot("Right.")], "tools": TOOLS},
    {"messages": [user("list tool"), bot("", CALL), tool(["a", {"b": 1}]), bot("z")]},
    {"messages": [user(""), bot("")]},
    {"messages": [{"role": "narrator", "content": "Night."}, user("Who?"), bot("Me.")]},
    {"messages": [user("line\r\nends\rand\u2028more\u00a0"), bot("tab\tx\u00a0")]},
]

VALUES = {
    "s": "Hello, World",
    "j": "日本👋",
    "blank": "  \n x \t",
    "n": 7,
    "z": 0,
    "f": 2.5,
    "none": None,
    "yes": True,
    "l": [3, 1, 2],
    "names": ["b", "A", "a", "B"],
    "d": {"b": 1, "a": [1, "two", None, 3.0, False], "items": "shadow"},
    "people": [{"name": "Ann", "age": 3, "in": {"x": 1}}, {"name": "bob", "age": 30}, {"name": "Cy", "age": 3, "in": {"x": 2}}],
    "lines": "one\n\ntwo\n",
}

SNIPPETS = r"""
{{ s }}|{{ n }}|{{ f }}|{{ none }}|{{ yes }}|{{ nothing }}|{{ l }}|{{ d }}
{{ 1e3 }} {{ 1.0 }} {{ 1e16 }} {{ 123456789012345680.0 }} {{ 1e-5 }} {{ 0.0001 }} {{ 1.5e-7 }} {{ -0.0 }} {{ 0.1 + 0.2 }} {{ 1e22 }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 8 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}
{{ 1 ~ 2 + 3 }}
{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ '1' ~ 2 + '3' }} {{ 'a' ~ 1 ~ none ~ true ~ 1.0 ~ [1, 'x'] }} {{ -n|abs }} {{ 2 + n|string|length }}
{{ 'ab' * 3 }} {{ [1] * 2 + [2] }} {{ 'a' + 'b' }} {{ yes + 1 }} {{ (1,) + (2, 3) }} {{ () }} {{ (1,) }}
{{ 'x' if z else 'y' }} {{ 'x' if z }}| {{ z or s }} {{ z and s }} {{ not z }} {{ none or '' }} {{ nothing or 'd' }}
{{ 1 < n < 10 }} {{ 1 < n < 3 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ n != 7 }} {{ 'B' < 'a' }} {{ '1' == 1 }}
{{ 'World' in s }} {{ 'x' not in s }} {{ 3 in l }} {{ 'a' in d }} {{ not 'a' in d }} {{ none in [none] }} {{ 'a' in nothing }}
{{ s[0] }}{{ s[-1] }}{{ s[1:4] }}{{ s[::-1] }}{{ s[:5] }}{{ s[7:] }}{{ s[-3:-1] }}{{ s[100:] }}{{ s[::3] }}|{{ s[50] }}|
{{ j[0] }}{{ j[2] }}{{ j[-1] }}{{ j|length }}{{ j[::-1] }}{{ j.find('👋') }}{{ j.upper() }}{{ j|list }}{{ j|reverse }}
{{ l[0] }}{{ l[-1] }}{{ l[1:] }}{{ l[::-1] }}|{{ l[9] }}|{{ (1,2,3)[:2] }}{{ l.0 }}{{ d.a.1 }}{{ d['a'][-1] }}
{{ d.items() }} {{ d['items'] }} {{ d.keys() }} {{ d.values()|list }} {{ d.get('a') }} {{ d.get('q') }} {{ d.get('q', 5) }} {{ d.b }} {{ d.q }}|
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k, v in d|items %}{{ loop.index }}:{{ k }}{{ ', ' if not loop.last }}{% endfor %}
{{ {'a': 1, 'b': [true, none, 'it\'s', "q\"q", 'n\nl', 'both\'"']} }} {{ ['\x07', '\u00e9', '\u200b', '\\'] }} {{ {1: 2, none: 3, true: 4} }}
{{ s|upper }} {{ s|lower }} {{ s|title }} {{ 'hELLO wORLD-foo (bar)'|title }} {{ 'hELLO'|capitalize }} {{ s|replace('l', 'L') }} {{ s|replace('l', 'L', 1) }} {{ 'aaa'|replace('a', 'bb', count=2) }}
[{{ blank|trim }}] [{{ blank.strip() }}] [{{ blank.lstrip() }}] [{{ blank.rstrip() }}] [{{ 'xxaxx'.strip('x') }}] [{{ 'xyax'|trim('x') }}] [{{ '--a-'.lstrip('-') }}] [{{ 'a/n'.rstrip('n/') }}]
{{ l|join }} {{ l|join(', ') }} {{ people|join('; ', attribute='name') }} {{ 'abc'|join('-') }} {{ ', '.join(names) }} {{ d|join('/') }}
{{ l|length }} {{ s|length }} {{ d|length }} {{ nothing|length }} {{ l|count }} {{ l|first }} {{ l|last }} {{ s|first }} {{ []|first }}| {{ l|sum }} {{ people|sum('age') }} {{ people|sum(attribute='age', start=10) }}
{{ l|sort }} {{ l|sort(reverse=true) }} {{ names|sort }} {{ names|sort(case_sensitive=true) }} {{ people|sort(attribute='age')|map(attribute='name')|list }} {{ names|unique|list }} {{ l|min }} {{ l|max }} {{ people|map(attribute='age')|unique|list }}
{{ d|dictsort|first|first }} {{ {'b': 1, 'A': 2, 'c': 0}|dictsort }} {{ {'b': 1, 'A': 2}|dictsort(by='value') }} {{ {'b': 1, 'A': 2, 'a': 3}|dictsort(true) }} {{ {'b': 1, 'c': 2}|dictsort(reverse=true) }}
{{ people|selectattr('age', 'equalto', 3)|map(attribute='name')|list }} {{ people|rejectattr('age', 'gt', 5)|list|length }} {{ people|selectattr('in')|list|length }} {{ people|selectattr('in', 'defined')|map(attribute='in.x')|list }} {{ people|selectattr('in')|selectattr('in.x', '==', 2)|map(attribute='name')|first }}
{{ people|selectattr('in.x', '==', 2)|list }}
{{ l|select('odd')|list }} {{ l|reject('odd')|list }} {{ [0, 1, '']|select|list }} {{ l|select('in', [1, 2])|list }} {{ l|map('string')|list }} {{ names|map('upper')|join }} {{ people|map(attribute='zip', default='-')|list }} {{ names|map('replace', 'a', '_')|list }}
{{ l|reverse|list }} {{ s|reverse }} {{ 'abc'|list }} {{ d|list }} {{ l|batch(2)|list }} {{ l|batch(2, 0)|list }} {% if people|selectattr('age', 'gt', 99) %}generator is true{% endif %}
{{ nothing|default('d') }} {{ none|default('d') }} {{ ''|default('d', true) }} {{ ''|d('e', boolean=true) }} {{ z|default(1) }} {{ d.q|default('q') }}
{{ '5'|int }} {{ '5.7'|int }} {{ 'x'|int }} {{ 'x'|int(3) }} {{ 2.9|int }} {{ '0x1f'|int(0, 16) }} {{ none|int }} {{ '2.5'|float }} {{ 'x'|float }} {{ n|float }} {{ ' 4 '|int }} {{ '1_000'|int }} {{ true|int }}
{{ 2.5|round }} {{ 3.5|round }} {{ 2.567|round(2) }} {{ 2.1|round(0, 'ceil') }} {{ 2.9|round(method='floor') }} {{ 5|round }} {{ -3|abs }} {{ 2.675|round(2) }} {{ -2.5|abs }}
{{ d|tojson }} {{ '<é👋&\'"\\/\n\x01\x7f>'|tojson }} {{ 'é👋'|tojson(ensure_ascii=true) }} {{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }} {{ [1.0, 1e20, 1e-9, none, true]|tojson }} {{ {1: 2, none: 0, true: 3, 1.5: 4}|tojson }} {{ (1, 2)|tojson }}
{{ d|tojson(indent=2) }} {{ []|tojson(indent=2) }} {{ {}|tojson(indent=2) }} {{ {'a': {}}|tojson(indent=1) }} {{ [1, {'a': 2}]|tojson(separators=(',', ':')) }} {{ {'a': [1]}|tojson(indent=2, separators=(', ', ' : ')) }} {{ [1]|tojson(indent='--') }}
{{ lines|indent }} {{ lines|indent(2, true) }} {{ lines|indent(2, blank=true) }} {{ lines|indent(width='> ', first=true) }} {{ 'a'|indent }} {{ ''|indent(2, true) }}
{{ s is string }} {{ n is number }} {{ yes is number }} {{ n is integer }} {{ yes is integer }} {{ f is float }} {{ yes is boolean }} {{ d is mapping }} {{ l is mapping }} {{ l is sequence }} {{ s is sequence }} {{ d is sequence }} {{ n is sequence }} {{ n is iterable }} {{ s is iterable }} {{ none is none }} {{ nothing is none }} {{ nothing is defined }} {{ nothing is undefined }} {{ nothing is iterable }} {{ nothing is sequence }}
{{ yes is true }} {{ 1 is true }} {{ z is false }} {{ false is false }} {{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }} {{ n is eq 7 }} {{ n is gt(3) }} {{ n is not none }} {{ 'a' is in 'abc' }} {{ n is in l }} {{ 'ab' is lower }} {{ 'AB' is upper }} {{ s is callable }} {{ s.upper is callable }} {{ 'upper' is filter }} {{ 'odd' is test }} {{ none is sameas none }} {{ l|map('string') is iterable }} {{ l|map('string') is sequence }} {{ d.items() is sequence }}
{{ s.split(', ') }} {{ s.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ ' a  b '.split() }} {{ 'a b c'.split(none, 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ '  a b  c '.rsplit(none, 1) }} {{ 'a\nb\r\nc'.splitlines() }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('x') }}
{{ s.startswith('He') }} {{ s.endswith('x') }} {{ s.startswith(('x', 'H')) }} {{ s.find('o') }} {{ s.rfind('o') }} {{ s.find('zz') }} {{ s.find('o', 5) }} {{ s.count('l') }} {{ s.index('W') }} {{ s.replace('o', '0', 1) }} {{ 'ab'.replace('', '-') }} {{ s.lower().title() }} {{ "it's o'clock".title() }} {{ 'ab12'.isalnum() }} {{ '12'.isdigit() }} {{ ' '.isspace() }} {{ 'Ab'.swapcase() }} {{ 'hello'.capitalize() }}
{{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'a'.ljust(3) }}| {{ 'a'.rjust(3, '.') }} {{ 'ab'.center(5) }}| {{ 'abc'.center(6, '*') }} {{ '{} and {}'.format(1, 'x') }} {{ '{1}{0}{k}{{}}'.format('a', 'b', k=none) }} {{ '%s=%d %05.2f %r %%'|format('a', 3, 2.5, 'q') }} {{ '%s' % s }} {{ '%(a)s' % {'a': 4} }} {{ '%-4s|%4d|%x' % ('a', 5, 255) }}
{{ l.index(1) }} {{ l.count(3) }} {{ [1, 2].copy() }} {{ d.copy() == d }} {{ 'x'|center(5) }}| {{ 'a b, c'|wordcount }} {{ '<a href="x">\'&'|e }} {{ s|string|safe }} {{ d|attr('items') is callable }}
{% set ns = namespace(a=1, b=[]) %}{% for i in l %}{% set ns.a = ns.a + i %}{% set ns.b = ns.b + [i] %}{% endfor %}{{ ns.a }} {{ ns.b }} {{ ns.missing }}|
{% set x = 1 %}{% for i in l %}{% set x = i %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}
{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }}{{ loop.changed(i > 1) }} {% endfor %}
{% for i in range(10) if i is even %}{{ i }}/{{ loop.length }} {% else %}none{% endfor %}{% for i in [] %}x{% else %}empty{% endfor %}{% for i in nothing %}x{% else %}undefined{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i > 4 %}{% break %}{% endif %}{{ i }}{% endfor %} {% for i in range(1, 10, 3) %}{{ i }}{% endfor %} {% for i in range(3, 0, -1) %}{{ i }}{% endfor %}
{% for c in 'a👋b' %}[{{ c }}]{% endfor %}{% for k in d %}{{ k }},{% endfor %}{% for a, b in [(1, 2), [3, 4]] %}{{ a }}-{{ b }};{% endfor %}{% for i in [1, [2, [3]]] recursive %}{{ loop(i) if i is iterable else i }}{{ loop.depth }}{% endfor %}
{% macro greet(name, greeting='Hi', end=none) %}{{ greeting }} {{ name }}{{ end }}{{ varargs }}{% endmacro %}{{ greet('A') }} {{ greet('B', 'Yo') }} {{ greet(name='C', end='!') }} {{ greet('D', 'x', 'y', 5) }} {{ greet() }} {{ greet.name }}
{% macro wrap() %}<{{ caller() }}>{% endmacro %}{% call wrap() %}in{{ n }}{% endcall %} {% macro each(l) %}{% for i in l %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(i) each(l) %}({{ i }}){% endcall %}
{% set block %}a{{ n }}b{% endset %}{{ block }} {{ block is string }} {% set b2 | upper | replace('A', '_') %}a{{ n }}b{% endset %}{{ b2 }} {% filter upper %}x{{ s }}{% endfilter %} {% with a=1, b=n %}{{ a + b }}{% endwith %} {% set a, b = 1, [2] %}{{ a }}{{ b }} {{ a, b }}
{% raw %}{{ raw }} {% if %}{% endraw %} {# a comment {{ x }} #}{{ '{{' }} {{ "}}" }} {{ {'a': {'b': 1}}['a']['b'] }} {{ 'con' 'cat' }} {{ 0x1f }} {{ 1_000 }} {{ 0b11 }}
a {%- if true -%} b {%- endif -%} c {{- 'd' -}} e {%+ if true +%} f {% endif %} g {#- x -#} h {{ 'i' }}
{{ strftime_now('%Y-%m-%d %H:%M:%S %d %b %Y %B %A %a %j %y %p %I %-d %-m %%') }}
{{ dict(a=1, b=2) }} {{ dict([('x', 1)], y=2) }} {{ dict({'q': 1}) }} {{ range(3)|list }} {{ l|sort|first }} {{ namespace(a=1).a }} {{ true and none }} {{ True }}{{ None }}{{ False }}
{{ nothing == nothing2 }} {{ nothing == none }} {{ nothing ~ 'x' }} {{ nothing|upper }}| {{ nothing|list }} {{ nothing|join(',') }}| {{ nothing|trim }}| {{ nothing|string }}| {% if nothing %}t{% else %}f{% endif %} {{ nothing is string }} {{ [nothing] }} {{ nothing|items|list }}
{{ [1, 2, 3][-2:] }} {{ (l|length) - 1 }} {{ l|length - 1 }} {{ not l|length == 3 }} {{ -1|string ~ 'x' }} {{ s|lower ~ '!' }} {{ s|replace('l', '') + 'x' }} {{ (s + 'x')|length }} {{ 'a' if n == 7 else 'b' if n == 8 else 'c' }}
{{ s|first|lower in ['h'] }} {{ 'a' ~ ('b' if z else 'c') ~ 'd' }} {{ people[0].name.upper() }} {{ people[0]['in'].x }} {{ people[-1].name[0] }} {{ d.a|select('string')|first }} {{ d.a|select('none')|list }} {{ people|map(attribute='name')|map('lower')|join(' ') }}
{{ '\u00e9\x41\101\t|\\n|\q|\'' }} {{ "a\"b" }} {{ '\U0001F44B' }} {{ 'a\
b' }}
{{ 'ß'|upper }} {{ 'İ'|lower|length }} {{ 'ÀÉ'.lower() }} {{ 'ǆ'|capitalize }} {{ 'ΑΣ'|lower }}
{{ nothing.x }}
{{ none + 'a' }}
{{ 'a' + 1 }}
{{ nothing + 1 }}
{{ l.append(4) }}
{{ d.update({}) }}
{{ raise_exception('no ' ~ n) }}
{{ n() }}
{{ s|nofilter }}
{{ s is notest }}
{{ l|map('string')|length }}
{{ 1 / 0 }}
{{ 'a' < 1 }}
{{ 3 in s }}
{{ n|length }}
{{ d.a.b.c }}
{{ nothing() }}
{{ set }}|{{ loop }}|
{% for a, b in [1, 2] %}x{% endfor %}
{% if true %}x
{{ 'open }}
{% endfor %}
{% unknown %}
{{ d|tojson(indent=nothing) }}
{{ nothing|tojson }}
{{ none|upper }} {{ none|trim }} {{ none|length }}
{{ s.nosuch }}|{{ s.nosuch() }}
{{ ','.join([1]) }}
{{ range(200000)|length }}
{% set s.x = 1 %}
{{ namespace(_a=1) }}
{{ {[1]: 2} }}
{{ [1] in d }}
{{ {(1, 'a'): 2}[(1, 'a')] }} {{ {1: 'x'}[1.0] }} {{ {1: 'x'}[true] }} {{ 1.0 in {1: 2} }} {{ d.items() == d.items() }}
{{ s.__class__ }}
"""

BLOCKS = [
    "  {% if true %}\n    yes\n  {% endif %}\nafter\n",
    "a\n  {%+ if true %}\nb\n{% endif +%}\nc\n\n",
    "{% for i in l %}\n  * {{ i }}\n{% endfor %}\nend",
    "x {# c #}\n  {# d #}\ny\n   {#- e #}\nz",
    "\n\n  {{- n }}  \n  {{ n -}}  \n  z\n\n",
    "{%- set x = 1 -%}\n\n   {{ x }}\n\n   {%- set y = 2 %}\n   {{ y }}",
    "a\r\n{% if yes %}\r\nb\rc{% endif %}\r\n",
    "\t {% raw %}\n {{ x }} \n {% endraw %}\n t",
    "  {% set t %}\n  a\n  b\n  {% endset %}\n[{{ t }}]",
    "{% if z %}\n1\n{% elif n %}\n  2\n{% else %}\n3\n{% endif %}\n\n",
    "    {% macro m(a) %}\n    <{{ a }}>\n    {% endmacro %}\n{{ m(1) }}{{ m(2) }}",
    "{{ n }}\n",
    "{{ n }}\n\n",
    "",
    "\n",
    "é {%- if true %} \u00a0 {%- endif %} x",
    "{{ n }} {% if true %} a {% endif %} b\n",
    "{% generation %}\n x {{ n }}\n{% endgeneration %}\n y",
    "{% for i in l -%}\n  {{ i }}\n{%- endfor %}",
    "{{ '\n' }}   {% if true %}x{% endif %}",
    "{% if true -%}\n   {% if true %}x{% endif %}{% endif %}",
]


def rendered(template, **variables):
    """What transformers writes, or null where it refuses; with its assistant spans where it has them."""
    try:
        compiled = chat_template_utils._compile_jinja_template(template)
        return compiled.render(**variables)
    except Exception as e:  # noqa: BLE001 - whatever it raises, ours must refuse too
        print(f"refused: {template[:60]!r}: {type(e).__name__}: {e}")
        return None


def chat(template, conversation, prompt):
    try:
        texts, spans = chat_template_utils.render_jinja_template(
            [conversation["messages"]],
            tools=conversation.get("tools"),
            chat_template=template,
            add_generation_prompt=prompt,
            return_assistant_tokens_mask="{% generation" in template,
            **SPECIAL,
        )
        return {"text": texts[0], "generations": spans[0] if spans else []}
    except Exception as e:  # noqa: BLE001
        print(f"refused: {type(e).__name__}: {e}")
        return {"text": None, "generations": []}


def main():
    chats = []
    for path in sorted((HERE / "templates").glob("*.jinja")):
        template = path.read_text()
        for i, conversation in enumerate(CONVERSATIONS):
            for prompt in (False, True):
                chats.append({"template": path.name, "conversation": i, "prompt": prompt} | chat(template, conversation, prompt))
    # A snippet is a line; one whose line ends in a backslash goes on in the next.
    lines = SNIPPETS.strip("\n").replace("\\\n", "\0").split("\n")
    snippets = [line.replace("\0", "\\\n") for line in lines] + BLOCKS
    out = {
        "special": SPECIAL,
        "conversations": CONVERSATIONS,
        "chats": chats,
        "values": VALUES,
        "snippets": [{"template": s, "text": rendered(s, **VALUES)} for s in snippets],
    }
    (HERE / "expected.json").write_text(json.dumps(out, ensure_ascii=False, indent=1) + "\n")
    print(len(chats), "chats,", len(snippets), "snippets")


if __name__ == "__main__":
    main()
