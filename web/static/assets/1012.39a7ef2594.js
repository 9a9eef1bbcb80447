"use strict";(globalThis.rspackChunkpoolbook||=[]).push([[1012],{67567(t,e,r){var s=r(27038);r(64918),r(96755),r(1672),r(841),r(10561),r(338),r(24980),r(27838),r(96865),r(48159),r(44505),r(47399),r(72346),r(24768),r(70736),r(31293);var a=(0,r(86827).K)(t=>`${(0,s.tM)(t)}
  .swimlane.cluster rect {
    stroke: ${t.clusterBorder} !important;
  }
  [data-look="neo"].cluster rect {
    filter: none;
  }
`,"getStyles"),l=(0,s.ur)({defaultLayout:"swimlane",styles:a});r.d(e,{diagram:()=>l})}}]);