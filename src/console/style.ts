/** The console's whole style sheet; served from /console/style.css so that no page needs inline styles. */
export const styleSheet = `:root { color-scheme: light dark; --line: light-dark(#d5dae0, #3a424c); --soft: light-dark(#5b6672, #9aa5b1); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; border-bottom: 1px solid var(--line); padding-bottom: 1rem; }
header .who { margin-left: auto; color: var(--soft); }
nav { display: flex; gap: 1rem; }
h1 { font-size: 1.3rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); }
td.figure, th.figure { text-align: right; font-variant-numeric: tabular-nums; }
.state { font-weight: 600; }
.state-live { color: light-dark(#146c34, #57c785); }
.state-needs-attention, .mistake { color: light-dark(#b3261e, #ff8a80); }
.state-paused { color: light-dark(#8a5a00, #ffc266); }
.note { color: var(--soft); }
form.login { max-width: 22rem; margin: 10vh auto 0; display: grid; gap: .8rem; }
form.inline { display: inline; }
form.search { display: flex; flex-wrap: wrap; gap: .8rem; align-items: end; margin-top: 1.5rem; }
label { display: grid; gap: .2rem; }
input, select { font: inherit; padding: .5rem; border: 1px solid var(--line); border-radius: .3rem; }
button { font: inherit; padding: .5rem 1rem; border: 1px solid var(--line); border-radius: .3rem; cursor: pointer; }
:focus-visible { outline: 2px solid #1a73e8; outline-offset: 2px; }
`;
